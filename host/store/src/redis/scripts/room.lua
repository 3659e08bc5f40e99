-- The room's log, as it stands. KEYS: 1 its head, 2 the log itself. ARGV: 1, 2, 3 the newest message that the asker
-- has seen: epoch, offset and id, the first of them empty if it has seen none; 4 a word for an epoch.
--
-- What the asker has seen and the log does not have was lost with the server's data: then the log becomes another one,
-- for what it holds now is not what others were shown. An epoch begins with its generation, so that an older one that
-- came back with older data is known for what it is.

local function generation(epoch)
  return tonumber(string.sub(epoch or '', 1, 12), 16) or 0
end

local function room()
  local seen, seen_offset, seen_id = ARGV[1], tonumber(ARGV[2]), ARGV[3]
  local head = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'id')
  local epoch, offset, id = head[1], tonumber(head[2] or 0), head[3] or ''
  local whole = true
  if not epoch then
    whole = false
    local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
    if last then
      offset, id = tonumber(string.match(last[1], '^%d+')), last[2][2]
    end
  elseif seen == '' then
    whole = true
  elseif seen ~= epoch then
    whole = generation(epoch) > generation(seen)
  elseif seen_offset == offset then
    whole = seen_id == id
  elseif seen_offset > offset then
    whole = false
  elseif seen_offset > 0 then
    local at = string.format('%.0f-0', seen_offset)
    local there = redis.call('XRANGE', KEYS[2], at, at)[1]
    whole = not there or there[2][2] == seen_id
  end
  if not whole then
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    local next = math.max(now, generation(epoch) + 1, generation(seen) + 1)
    epoch = string.format('%012x', next) .. ARGV[4]
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', string.format('%.0f', offset), 'id', id)
  end
  return epoch, offset, id
end

