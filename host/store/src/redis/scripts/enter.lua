-- Numbers for memories of a room, which is known from now on as one that may have some. KEYS: 1 the newest number, 2 the
-- rooms. ARGV: 1 the room, 2 how many numbers. A number is never given twice, even if the server loses what it knows.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local first = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + 1
redis.call('SET', KEYS[1], string.format('%.0f', first + tonumber(ARGV[2])))
redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[1])
return string.format('%.0f', first)
