-- Remembers that a person was erased. A later moment that is remembered already stays.
-- KEYS: erasure. ARGV: the moment up to which what happened is erased, time to live
local was = redis.call('HMGET', KEYS[1], 'v', 'until')
if was[1] ~= '1' or not was[2] or tonumber(was[2]) < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'v', '1', 'until', ARGV[1])
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
