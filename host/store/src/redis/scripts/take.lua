-- Takes a duty in a room, or keeps it. KEYS: 1 the room's duties. ARGV: 1 the duty, 2 who, 3 for how many milliseconds. The
-- answer: 1 and the fencing number, or 0, who has it and for how long. Fencing numbers go up with the time, so that they
-- do even where the server has lost what it knew of them.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local holder, fence, till = ARGV[1] .. '.holder', ARGV[1] .. '.fence', ARGV[1] .. '.until'
local lease = redis.call('HMGET', KEYS[1], holder, fence, till)
local number = tonumber(lease[2] or 0)
if lease[1] ~= ARGV[2] then
  local left = tonumber(lease[3] or 0) - now
  if left > 0 then
    return { 0, lease[1], left }
  end
  number = math.max(number + 1, now)
end
redis.call('HSET', KEYS[1], holder, ARGV[2], fence, string.format('%.0f', number), till, string.format('%.0f', now + tonumber(ARGV[3])))
return { 1, string.format('%.0f', number) }
