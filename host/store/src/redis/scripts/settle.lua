-- Lines leave the queue, and their fates are kept. KEYS: 1 the queue, 2 all lines that are known. ARGV: 1 what the keys of
-- the personas' lines begin with, 2 the same of their settled ones, 3 how many settled ones are kept of each; then ids,
-- each with its fate.

for i = 4, #ARGV, 2 do
  local id, fate = ARGV[i], ARGV[i + 1]
  local line = redis.call('HGET', KEYS[2], id)
  if line then
    local number, entry, persona, before, text = string.match(line, '^(.-)\n(.-)\n(.-)\n(.-)\n(.*)$')
    if before == '' then
      redis.call('XACK', KEYS[1], 'gateway', entry)
      redis.call('XDEL', KEYS[1], entry)
      redis.call('HSET', KEYS[2], id, number .. '\n' .. entry .. '\n' .. persona .. '\n' .. fate .. '\n' .. text)
      local settled = ARGV[2] .. persona
      redis.call('ZADD', settled, number, id)
      local surplus = redis.call('ZCARD', settled) - tonumber(ARGV[3])
      if surplus > 0 then
        local oldest = redis.call('ZPOPMIN', settled, surplus)
        for j = 1, #oldest, 2 do
          redis.call('HDEL', KEYS[2], oldest[j])
          redis.call('ZREM', ARGV[1] .. persona, oldest[j])
        end
      end
    end
  end
end
return 0
