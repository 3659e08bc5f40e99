-- What a persona stored last. KEYS: 1 the modules that wrote its states, the latest first, 2 those states. ARGV: the
-- modules whose states are left out.

local without = {}
for _, digest in ipairs(ARGV) do
  without[digest] = true
end
for _, digest in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if not without[digest] then
    return { digest, redis.call('HGET', KEYS[2], digest) }
  end
end
return {}
