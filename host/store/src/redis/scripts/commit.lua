-- Keeps all that came of a call, or nothing of it. All is checked before anything is written, the call counts as known
-- when all else is there, and what the rules for users may refuse by itself, saying, comes last and may fail: a script is
-- not undone.
-- KEYS: 1 the room's duties; of the persona: 2 its latest calls, 3 the modules that wrote its states, the latest first,
-- 4 those states, 5 its lines in their order; of the room: 6 the queue of lines, 7 all lines that are known, 8 the
-- outbox, 9 what is in it, 10 who delivers which of that.
-- ARGV: 1 the fencing number or nothing, 2 the call, 3 how many calls are known, 4 the module, 5 its state's version or
-- nothing, 6 the state, 7 how many states are kept, 8 the persona, 9 how many lines may wait, 10 how to publish, 11 where
-- those are woken who wait for lines, 12 how many memories may wait, 13 how many lines follow, each with its id, its
-- text and its JSON; then each memory's number and content.

-- What was kept stays kept, whoever has taken over since.
if redis.call('LPOS', KEYS[2], ARGV[2]) then
  return { 'known' }
end
if ARGV[1] ~= '' then
  local lease = redis.call('HMGET', KEYS[1], 'personas.fence', 'personas.holder')
  if lease[1] and tonumber(lease[1]) > tonumber(ARGV[1]) then
    return { 'fenced', lease[2] }
  end
end
local lines = tonumber(ARGV[13])
local after = 13 + 3 * lines
if lines > 0 then
  if redis.call('XLEN', KEYS[6]) + lines > tonumber(ARGV[9]) then
    return { 'full' }
  end
  local own = {}
  for i = 14, after, 3 do
    local id = ARGV[i]
    if own[id] or redis.call('HEXISTS', KEYS[7], id) == 1 then
      return { 'twice', id }
    end
    own[id] = true
  end
end

if ARGV[5] ~= '' then
  redis.call('LREM', KEYS[3], 0, ARGV[4])
  local kept = redis.call('LPUSH', KEYS[3], ARGV[4])
  redis.call('HSET', KEYS[4], ARGV[4], ARGV[5] .. ' ' .. ARGV[6])
  for _ = tonumber(ARGV[7]) + 1, kept do
    redis.call('HDEL', KEYS[4], redis.call('RPOP', KEYS[3]))
  end
end
for i = 14, after, 3 do
  local id = ARGV[i]
  local number = redis.call('HINCRBY', KEYS[7], '#', 1)
  local entry = redis.call('XADD', KEYS[6], '*', 'i', id, 'm', ARGV[i + 2])
  redis.call('HSET', KEYS[7], id, number .. '\n' .. entry .. '\n' .. ARGV[8] .. '\n\n' .. ARGV[i + 1])
  redis.call('ZADD', KEYS[5], number, id)
end
local dropped = 0
if #ARGV > after then
  for i = after + 1, #ARGV, 2 do
    redis.call('ZADD', KEYS[8], ARGV[i], ARGV[i])
    redis.call('HSET', KEYS[9], ARGV[i], ARGV[i + 1])
  end
  local surplus = redis.call('ZCARD', KEYS[8]) - tonumber(ARGV[12])
  if surplus > 0 then
    local oldest = redis.call('ZPOPMIN', KEYS[8], surplus)
    for i = 1, #oldest, 2 do
      redis.call('HDEL', KEYS[9], oldest[i])
      redis.call('HDEL', KEYS[10], oldest[i])
    end
    dropped = surplus
  end
end
redis.call('LPUSH', KEYS[2], ARGV[2])
redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[3]) - 1)
if lines > 0 then
  redis.pcall(ARGV[10], ARGV[11], '')
end
return { 'kept', dropped }
