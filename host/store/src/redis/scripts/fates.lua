-- A persona's latest lines, oldest first: id, then what is known of it. KEYS: 1 its lines in their order, 2 all lines
-- that are known. ARGV: 1 how many at most.

local limit = tonumber(ARGV[1])
local answer = {}
if limit > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[1], -limit, -1)) do
    answer[#answer + 1] = id
    answer[#answer + 1] = redis.call('HGET', KEYS[2], id)
  end
end
return answer
