-- A room's desk. KEYS: 1 the desk: `SHELF/KEY` for each thing on it, `version`, and how many lie on each shelf under
-- `count SHELF`. ARGV: 1 what to do: `version`; `all`, which answers the version and then each thing's place and value; or
-- `change`: 2 the shelf, 3 the key, 4 what must lie there: `any`, `nothing` or `value`, 5 that value, 6 how many
-- the shelf holds at most, 7 the message's id that is kept from the log as long as this lies there, or nothing, 8 what is
-- to lie there, absent if nothing is. For a change there are more KEYS: 2 the log's head, and, if a message is to be kept
-- back, 3 the ids in the log.
--
-- A version is the time of a change in microseconds, or the next number if that is not greater: one that was lost with the
-- server's data does not come back for another change.

local version = redis.call('HGET', KEYS[1], 'version') or '0'
if ARGV[1] == 'version' then
  return { version }
end
if ARGV[1] == 'all' then
  local answer, all = { version }, redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if string.find(all[i], '/', 1, true) then
      answer[#answer + 1] = all[i]
      answer[#answer + 1] = all[i + 1]
    end
  end
  return answer
end

local place, count = ARGV[2] .. '/' .. ARGV[3], 'count ' .. ARGV[2]
local before = redis.call('HGET', KEYS[1], place)
if (ARGV[4] == 'nothing' and before) or (ARGV[4] == 'value' and before ~= ARGV[5]) then
  return before and { 'other', before } or { 'other' }
end
local keeps, kept_before = ARGV[8] and ARGV[7] or '', redis.call('HGET', KEYS[2], 'keeps ' .. place) or ''
if keeps ~= '' and keeps ~= kept_before then
  local at = redis.call('ZSCORE', KEYS[3], keeps)
  if at then
    return { 'in log', at }
  end
end
if ARGV[8] then
  if not before then
    if tonumber(redis.call('HGET', KEYS[1], count) or 0) >= tonumber(ARGV[6]) then
      return { 'full' }
    end
    redis.call('HINCRBY', KEYS[1], count, 1)
  end
  redis.call('HSET', KEYS[1], place, ARGV[8])
elseif before then
  redis.call('HINCRBY', KEYS[1], count, -1)
  redis.call('HDEL', KEYS[1], place)
end
if keeps ~= kept_before then
  if kept_before ~= '' then
    if redis.call('HINCRBY', KEYS[2], 'kept ' .. kept_before, -1) <= 0 then
      redis.call('HDEL', KEYS[2], 'kept ' .. kept_before)
    end
    redis.call('HINCRBY', KEYS[2], 'keepers', -1)
    redis.call('HDEL', KEYS[2], 'keeps ' .. place)
  end
  if keeps ~= '' then
    redis.call('HINCRBY', KEYS[2], 'kept ' .. keeps, 1)
    redis.call('HINCRBY', KEYS[2], 'keepers', 1)
    redis.call('HSET', KEYS[2], 'keeps ' .. place, keeps)
  end
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
version = string.format('%.0f', math.max(now, tonumber(version) + 1))
redis.call('HSET', KEYS[1], 'version', version)
return { 'done', version }
