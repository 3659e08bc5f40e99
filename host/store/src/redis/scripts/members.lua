-- Who is in a group. KEYS: 1 the group: until when each member is there, and for how many milliseconds it said so. One who
-- would be there for longer than it said comes from before the server's clock was set back, and counts as gone.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Those who are there, in their order, and those who are gone.
local function members()
  local all, there, gone = redis.call('HGETALL', KEYS[1]), {}, {}
  for i = 1, #all, 2 do
    local till, ttl = string.match(all[i + 1], '^(%d+) (%d+)$')
    local left = tonumber(till or 0) - now
    if left > 0 and left <= tonumber(ttl) then
      there[#there + 1] = all[i]
    else
      gone[#gone + 1] = all[i]
    end
  end
  table.sort(there)
  return there, gone
end
