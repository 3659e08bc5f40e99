-- Says that a member is there, and tells who is. KEYS: 1 the group. ARGV: 1 who, 2 for how many milliseconds. One who
-- would be there for longer than it said comes from before the server's clock was set back, and counts as gone.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + tonumber(ARGV[2])) .. ' ' .. ARGV[2])
local all, there = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local till, ttl = string.match(all[i + 1], '^(%d+) (%d+)$')
  local left = tonumber(till or 0) - now
  if left > 0 and left <= tonumber(ttl) then
    there[#there + 1] = all[i]
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
table.sort(there)
return there
