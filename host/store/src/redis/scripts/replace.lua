-- Puts something in the place of messages. KEYS: 1 the log, 2 the ids in it, 3 the head. ARGV: of each
-- its id and its JSON. A stream's entries can't be changed, so that what is left of one lies beside it, by its
-- offset. The answer: how many were there.

local replaced = 0
for i = 1, #ARGV, 2 do
  local at = redis.call('ZSCORE', KEYS[2], ARGV[i])
  if at then
    if redis.call('HSET', KEYS[3], 'left ' .. at, ARGV[i] .. ARGV[i + 1]) == 1 then
      redis.call('HINCRBY', KEYS[3], 'removed', 1)
    end
    redis.call('XDEL', KEYS[1], at .. '-0')
    replaced = replaced + 1
  end
end
return { string.format('%.0f', replaced) }
