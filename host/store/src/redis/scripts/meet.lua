-- Says that a member is there, and tells who is. ARGV: 1 who, 2 for how many milliseconds.

redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + tonumber(ARGV[2])) .. ' ' .. ARGV[2])
local there, gone = members()
for _, member in ipairs(gone) do
  redis.call('HDEL', KEYS[1], member)
end
return there
