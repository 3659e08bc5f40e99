-- The oldest memories of a room that nobody else is delivering. KEYS: 1 the outbox, 2 what is in it, 3 who delivers what
-- until when. ARGV: 1 who asks, 2 for how many milliseconds what it gets is its own, or nothing if it only looks,
-- 3 how many at most, then the numbers that are passed over. The answer: each number and memory; to one who only looks, the numbers.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local limit = tonumber(ARGV[3])
local answer, from = {}, 0
local others = {}
for i = 4, #ARGV do
  others[ARGV[i]] = true
end
local claims_it = ARGV[2] ~= ''
local full = claims_it and 2 * limit or limit
-- Many may be passed over before a few.
local step = math.max(limit, 256)
while #answer < full do
  local numbers = redis.call('ZRANGE', KEYS[1], from, from + step - 1)
  if #numbers == 0 then
    break
  end
  from = from + #numbers
  local claims = redis.call('HMGET', KEYS[3], unpack(numbers))
  for i = 1, #numbers do
    local who, till = string.match(claims[i] or '', '^(%S+) (%d+)$')
    if #answer < full and not others[numbers[i]] and (not who or who == ARGV[1] or tonumber(till) <= now) then
      local memory = claims_it and redis.call('HGET', KEYS[2], numbers[i])
      if not claims_it then
        answer[#answer + 1] = numbers[i]
      elseif memory then
        redis.call('HSET', KEYS[3], numbers[i], ARGV[1] .. ' ' .. string.format('%.0f', now + tonumber(ARGV[2])))
        answer[#answer + 1] = numbers[i]
        answer[#answer + 1] = memory
      else
        redis.call('ZREM', KEYS[1], numbers[i])
        redis.call('HDEL', KEYS[3], numbers[i])
      end
    end
  end
end
return answer
