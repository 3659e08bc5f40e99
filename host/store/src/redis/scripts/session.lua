-- Keeps a session, as the newest. KEYS: 1 the sessions, 2 their order, 3 the newest number. ARGV: 1 the token's hash, 2 the session, 3 how
-- many are kept.

redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[3]), ARGV[1])
local surplus = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[3])
if surplus > 0 then
  local oldest = redis.call('ZPOPMIN', KEYS[2], math.min(surplus, 1000))
  for i = 1, #oldest, 2 do
    redis.call('HDEL', KEYS[1], oldest[i])
  end
end
return 0
