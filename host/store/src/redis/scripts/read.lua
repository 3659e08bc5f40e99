-- Reads from the log. ARGV: 6 the offset after which to begin, or nothing for the latest; 7 how many at most. The
-- answer: epoch, offset and id of the head, the first offset that is kept, then each message's offset and JSON, those
-- of the latest beginning with the newest.

local epoch, offset, id = room()
local removed = tonumber(redis.call('HGET', KEYS[1], 'removed') or 0)
local kept = redis.call('XLEN', KEYS[2]) + removed
local answer = { epoch, string.format('%.0f', offset), id, string.format('%.0f', offset - kept + 1) }
local limit = tonumber(ARGV[7])
if limit == 0 or kept == 0 then
  return answer
end
local entries
if removed > 0 then
  -- What is left of removed ones is put where they were.
  local first = offset - kept + 1
  if ARGV[6] ~= '' then
    first = math.max(first, tonumber(ARGV[6]) + 1)
  else
    first = math.max(first, offset - limit + 1)
  end
  local last = math.min(offset, first + limit - 1)
  local there = {}
  for _, entry in ipairs(redis.call('XRANGE', KEYS[2], string.format('%.0f-0', first), string.format('%.0f-0', last))) do
    there[entry[1]] = entry[2][4]
  end
  local from, to, step = first, last, 1
  if ARGV[6] == '' then
    from, to, step = last, first, -1
  end
  for at = from, to, step do
    local place = string.format('%.0f', at)
    local message = there[place .. '-0']
    if not message then
      local left = redis.call('HGET', KEYS[1], 'left ' .. place)
      message = left and string.sub(left, 17)
    end
    if message then
      answer[#answer + 1] = place .. '-0'
      answer[#answer + 1] = message
    end
  end
  return answer
elseif ARGV[6] == '' then
  entries = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', limit)
else
  local from = string.format('%.0f-0', tonumber(ARGV[6]) + 1)
  entries = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', limit)
end
for i = 1, #entries do
  answer[3 + 2 * i] = entries[i][1]
  answer[4 + 2 * i] = entries[i][2][4]
end
return answer
