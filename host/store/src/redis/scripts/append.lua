-- Adds messages to the log and says them. ARGV: 6 how to publish, 7 the channel, 8 how many messages are kept, 9 how
-- many more may be before the log is trimmed, 10 a word that this request alone has, 11 the fencing number of the room's
-- intake or nothing; then for each message its id and its JSON. KEYS: 4 the room's duties, if there is such a number.
-- The answer: epoch, how many could not be said, then each message's offset, negative if it was there before, and 0 if
-- something on the room's desk keeps it back; or nothing, and who has the intake now.
--
-- A request may come twice, if the answer to it was lost. What the first one added is new to whoever asks, as long as
-- nobody else has added something since.
--
-- A script that fails is not undone, so what may be refused comes last: saying, which the rules for users know by
-- channels of their own. What is in the log and was not said is said by whoever asked.

local FIRST = 12
local publish, channel, keeps, trim_at, word = ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]
if ARGV[11] ~= '' then
  local lease = redis.call('HMGET', KEYS[4], 'intake.fence', 'intake.holder')
  if lease[1] and tonumber(lease[1]) > tonumber(ARGV[11]) then
    return { '', lease[2] or '' }
  end
end
local epoch, offset = room()
local count = (#ARGV - FIRST + 1) / 2
if count == 0 then
  return { epoch, 0 }
end
local ids = {}
for i = 1, count do
  ids[i] = ARGV[FIRST + 2 * (i - 1)]
end
local known = redis.call('ZMSCORE', KEYS[3], unpack(ids))
local latest = redis.call('HMGET', KEYS[1], 'request', 'since', 'keepers')
local own = latest[1] == word and tonumber(latest[2])
local kept_back = {}
if tonumber(latest[3] or 0) > 0 then
  local fields = {}
  for i = 1, count do
    fields[i] = 'kept ' .. ids[i]
  end
  kept_back = redis.call('HMGET', KEYS[1], unpack(fields))
end
local since = string.format('%.0f', offset + 1)
local answer, added, fresh, entries = { epoch, 0 }, {}, {}, {}
local before = '{"v":1,"epoch":"' .. epoch .. '","offset":'
for i = 1, count do
  local id = ids[i]
  local place = known[i] or fresh[id]
  if place then
    local at = tonumber(place)
    local is_new = own and at >= own and not fresh[id]
    fresh[id] = place
    answer[i + 2] = is_new and at or -at
  elseif kept_back[i] then
    answer[i + 2] = 0
  else
    offset = offset + 1
    local at, message = string.format('%.0f', offset), ARGV[FIRST + 2 * i - 1]
    redis.call('XADD', KEYS[2], at .. '-0', 'i', id, 'm', message)
    entries[#entries + 1] = before .. at .. ',"message":' .. message .. '}'
    fresh[id] = at
    added[#added + 1] = at
    added[#added + 1] = id
    answer[i + 2] = offset
  end
end
if #added > 0 then
  redis.call('ZADD', KEYS[3], unpack(added))
  redis.call('HSET', KEYS[1], 'offset', added[#added - 1], 'id', added[#added], 'request', word, 'since', since)
  local removed = tonumber(redis.call('HGET', KEYS[1], 'removed') or 0)
  local kept = redis.call('XLEN', KEYS[2]) + removed
  local surplus = kept - keeps
  if surplus >= trim_at then
    -- What came in while others trimmed less is taken away in portions.
    local first = offset - kept + 1
    local last = first + math.min(surplus, 1000) - 1
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', string.format('%.0f', last))
    for at = first, removed > 0 and last or 0 do
      if redis.call('HDEL', KEYS[1], string.format('left %.0f', at)) == 1 then
        redis.call('HINCRBY', KEYS[1], 'removed', -1)
      end
    end
    redis.call('XTRIM', KEYS[2], 'MINID', string.format('%.0f-1', last))
  end
  for i = 1, #entries do
    local said = redis.pcall(publish, channel, entries[i])
    if type(said) == 'table' and said.err then
      answer[2] = answer[2] + 1
    end
  end
end
return answer
