-- Memories of a room have arrived. KEYS: as for the outbox. ARGV: their numbers. The answer: how many are left.

redis.call('ZREM', KEYS[1], unpack(ARGV))
redis.call('HDEL', KEYS[2], unpack(ARGV))
redis.call('HDEL', KEYS[3], unpack(ARGV))
return redis.call('ZCARD', KEYS[1])
