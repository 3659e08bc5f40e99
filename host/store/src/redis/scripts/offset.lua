-- Where a message lies in the log. KEYS: 1 the ids. ARGV: 1 the id. The answer: its offset, or nothing.

local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
return at and { at } or {}
