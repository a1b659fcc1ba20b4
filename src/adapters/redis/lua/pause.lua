-- Holds something back until a moment, unless it is held back for longer.
-- KEYS: limit. ARGV: the moment, its time to live
local was = redis.call('HMGET', KEYS[1], 'v', 'until')
if was[1] == '1' and was[2] and tonumber(was[2]) >= tonumber(ARGV[1]) then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'v', '1', 'count', '1', 'until', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
