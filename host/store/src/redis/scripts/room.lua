-- The room's log, as it stands. KEYS: 1 its head, 2 the log itself, 3 the ids in it. ARGV: 1, 2, 3 the newest message
-- that the asker has seen: epoch, offset and id, the first of them empty if it has seen none; 4 a word for an epoch;
-- 5 whether this server has on disk what it answers to.
--
-- What the asker has seen and the log does not have was lost with the server's data: then the log becomes another one,
-- for what it holds now is not what others were shown. The same if the server is not the one that the log was at last,
-- or was started again, and nothing proves that the log is whole: neither that the asker has seen it as it is, nor
-- how the server keeps it. An epoch begins with its generation, so that an older one that came back with older data is
-- known for what it is.

local function generation(epoch)
  return tonumber(string.sub(epoch or '', 1, 12), 16) or 0
end

-- The id of the message that has this place.
local function id_at(offset)
  local at = string.format('%.0f', offset)
  local entry = redis.call('XRANGE', KEYS[2], at .. '-0', at .. '-0')[1]
  if entry then
    return entry[2][2]
  end
  local left = redis.call('HGET', KEYS[1], 'left ' .. at)
  return left and string.sub(left, 1, 16)
end

-- Whether all that was answered to is still here, after this server began to run.
local function has_kept_all()
  if ARGV[5] ~= '1' then
    return false
  end
  -- One that was a replica has what it had got by then, however it keeps that.
  local other = string.match(redis.call('INFO', 'replication'), 'master_replid2:(%x+)')
  return other ~= nil and not string.find(other, '[^0]')
end

local function room()
  local seen, seen_offset, seen_id = ARGV[1], tonumber(ARGV[2]), ARGV[3]
  local head = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'id', 'run')
  local epoch, offset, id = head[1], tonumber(head[2] or 0), head[3] or ''
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''

  -- An append that was refused in its middle has left some of what it does: the rest is done now.
  local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  if last and tonumber(string.match(last[1], '^%d+')) > offset then
    for _, entry in ipairs(redis.call('XRANGE', KEYS[2], string.format('%.0f-0', offset + 1), '+')) do
      redis.call('ZADD', KEYS[3], string.match(entry[1], '^%d+'), entry[2][2])
    end
    offset, id = tonumber(string.match(last[1], '^%d+')), last[2][2]
    redis.call('HSET', KEYS[1], 'offset', string.format('%.0f', offset), 'id', id)
  end

  -- Nothing is known of it if `whole` stays nil.
  local whole
  if not epoch then
    whole = false
  elseif seen == epoch and seen_offset == offset then
    whole = seen_id == id
  elseif seen == epoch and seen_offset > offset then
    whole = false
  elseif seen == epoch and seen_offset > 0 then
    local there = id_at(seen_offset)
    if there then
      whole = there == seen_id
    end
  elseif seen ~= '' and seen ~= epoch and generation(epoch) <= generation(seen) then
    whole = false
  end
  if whole == nil then
    whole = head[4] == run or has_kept_all()
  end
  if not whole then
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    local next = math.max(now, generation(epoch) + 1, generation(seen) + 1)
    epoch = string.format('%012x', next) .. ARGV[4]
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', string.format('%.0f', offset), 'id', id, 'run', run)
  elseif head[4] ~= run then
    redis.call('HSET', KEYS[1], 'run', run)
  end
  return epoch, offset, id
end

