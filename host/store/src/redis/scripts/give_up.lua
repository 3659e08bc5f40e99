-- Gives up a duty. KEYS: 1 the room's duties. ARGV: 1 the duty, 2 who.

if redis.call('HGET', KEYS[1], ARGV[1] .. '.holder') == ARGV[2] then
  redis.call('HDEL', KEYS[1], ARGV[1] .. '.until')
end
return 0
