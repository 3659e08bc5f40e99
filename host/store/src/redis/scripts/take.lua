-- Takes a duty in a room, or keeps it. KEYS: 1 the room's duties. ARGV: 1 the duty, 2 who, 3 for how many milliseconds. The
-- answer: 1 and the fencing number, or 0, who has it and for how long. Fencing numbers go up with the time, so that they
-- do even where the server has lost what it knew of them. A lease that would last longer than it was taken for comes from
-- before the server's clock was set back, and counts as ended.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local holder, fence, till, ttl = ARGV[1] .. '.holder', ARGV[1] .. '.fence', ARGV[1] .. '.until', ARGV[1] .. '.ttl'
local lease = redis.call('HMGET', KEYS[1], holder, fence, till, ttl)
local number = tonumber(lease[2] or 0)
if lease[1] ~= ARGV[2] then
  local left = tonumber(lease[3] or 0) - now
  if left > 0 and left <= tonumber(lease[4] or 0) then
    return { 0, lease[1], left }
  end
  number = math.max(number + 1, now)
end
redis.call('HSET', KEYS[1], holder, ARGV[2], fence, string.format('%.0f', number), ttl, ARGV[3],
  till, string.format('%.0f', now + tonumber(ARGV[3])))
return { 1, string.format('%.0f', number) }
