-- The oldest lines that wait. KEYS: 1 the queue. ARGV: 1 how many at most. A room's lines are taken by one gateway at a
-- time, so that all of them are one consumer: what was handed out and not settled comes first, and again.

local function take(from, count)
  local read = redis.pcall('XREADGROUP', 'GROUP', 'gateway', 'gateway', 'COUNT', count, 'STREAMS', KEYS[1], from)
  if read and read.err then
    return nil, read
  end
  return read and read[1][2] or {}
end

if redis.call('EXISTS', KEYS[1]) == 0 then
  return {}
end
local limit = tonumber(ARGV[1])
local lines, fault = take('0', limit)
if fault then
  if not string.find(fault.err, 'NOGROUP', 1, true) then
    return fault
  end
  redis.call('XGROUP', 'CREATE', KEYS[1], 'gateway', '0')
  lines = {}
end
local answer = {}
local function hand(entries)
  for i = 1, #entries do
    if entries[i][2] then
      answer[#answer + 1] = entries[i][2][4]
    end
  end
end
hand(lines)
if #lines < limit then
  hand(take('>', limit - #lines))
end
return answer
