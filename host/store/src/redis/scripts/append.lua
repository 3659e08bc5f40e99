-- Adds messages to the log and says them. KEYS: also 3 the ids that the log holds, with their offsets. ARGV: 5 how to
-- publish, 6 the channel, 7 how many messages are kept, 8 how many more may be before the log is trimmed; then for
-- each message its id and its JSON.

local epoch, offset = room()
local count = (#ARGV - 8) / 2
if count == 0 then
  return { epoch }
end
local ids = {}
for i = 1, count do
  ids[i] = ARGV[7 + 2 * i]
end
local known = redis.call('HMGET', KEYS[3], unpack(ids))
local answer, added, fresh = { epoch }, {}, {}
local before = '{"v":1,"epoch":"' .. epoch .. '","offset":'
local publish, channel = ARGV[5], ARGV[6]
for i = 1, count do
  local id = ids[i]
  local place = known[i] or fresh[id]
  if place then
    answer[i + 1] = -tonumber(place)
  else
    offset = offset + 1
    local at, message = string.format('%.0f', offset), ARGV[8 + 2 * i]
    redis.call('XADD', KEYS[2], at .. '-0', 'i', id, 'm', message)
    redis.call(publish, channel, before .. at .. ',"message":' .. message .. '}')
    fresh[id] = at
    added[#added + 1] = id
    added[#added + 1] = at
    answer[i + 1] = offset
  end
end
if #added > 0 then
  redis.call('HSET', KEYS[3], unpack(added))
  redis.call('HSET', KEYS[1], 'offset', added[#added], 'id', added[#added - 1])
  local surplus = redis.call('XLEN', KEYS[2]) - tonumber(ARGV[7])
  if surplus >= tonumber(ARGV[8]) then
    -- What came in while others trimmed less is taken away in portions.
    local old = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', math.min(surplus, 1000))
    local gone = {}
    for i = 1, #old do
      gone[i] = old[i][2][2]
    end
    redis.call('HDEL', KEYS[3], unpack(gone))
    redis.call('XTRIM', KEYS[2], 'MINID', (tonumber(string.match(old[#old][1], '^%d+')) + 1) .. '-0')
  end
end
return answer
