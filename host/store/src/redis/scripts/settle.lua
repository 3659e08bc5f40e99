-- Lines leave the queue, and their fates are kept. KEYS: 1 the queue, 2 all lines that are known; then of each persona
-- that has some among them its lines and its settled ones; last, if there is a fencing number, the room's duties. ARGV:
-- 1 how many settled ones are kept of each, 2 the fencing number of the room's intake or nothing; then of each line the
-- number of its persona among those, its id and its fate. The answer: 0, or who has the intake now.

if ARGV[2] ~= '' then
  local lease = redis.call('HMGET', KEYS[#KEYS], 'intake.fence', 'intake.holder')
  if lease[1] and tonumber(lease[1]) > tonumber(ARGV[2]) then
    return lease[2] or ''
  end
end
local kept = tonumber(ARGV[1])
for i = 3, #ARGV, 3 do
  local persona, id, fate = tonumber(ARGV[i]), ARGV[i + 1], ARGV[i + 2]
  local said, settled = KEYS[1 + 2 * persona], KEYS[2 + 2 * persona]
  local line = redis.call('HGET', KEYS[2], id)
  if line then
    local number, entry, whose, before, text = string.match(line, '^(.-)\n(.-)\n(.-)\n(.-)\n(.*)$')
    if before == '' then
      redis.call('XACK', KEYS[1], 'gateway', entry)
      redis.call('XDEL', KEYS[1], entry)
      redis.call('HSET', KEYS[2], id, number .. '\n' .. entry .. '\n' .. whose .. '\n' .. fate .. '\n' .. text)
      redis.call('ZADD', settled, number, id)
      local surplus = redis.call('ZCARD', settled) - kept
      if surplus > 0 then
        local oldest = redis.call('ZPOPMIN', settled, surplus)
        for j = 1, #oldest, 2 do
          redis.call('HDEL', KEYS[2], oldest[j])
          redis.call('ZREM', said, oldest[j])
        end
      end
    end
  end
end
return 0
