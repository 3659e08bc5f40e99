-- Reads from the log. ARGV: 6 the offset after which to begin, or nothing for the latest; 7 how many at most. The
-- answer: epoch, offset and id of the head, the first offset that is kept, then each message's offset and JSON, those
-- of the latest beginning with the newest.

local epoch, offset, id = room()
local kept = redis.call('XLEN', KEYS[2])
local answer = { epoch, string.format('%.0f', offset), id, string.format('%.0f', offset - kept + 1) }
local limit = tonumber(ARGV[7])
if limit == 0 or kept == 0 then
  return answer
end
local entries
if ARGV[6] == '' then
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
