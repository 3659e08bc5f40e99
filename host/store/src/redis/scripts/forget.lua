-- A room has no memories. KEYS: 1 the rooms that may have some. ARGV: 1 the room, 2 how many microseconds ago it must
-- have been written down: somebody may have done that a moment ago, and be about to add some.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local at = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or now)
if at < now - tonumber(ARGV[2]) then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return 0
