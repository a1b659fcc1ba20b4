-- Adds a service token, unless its name is taken by one that is still there.
-- KEYS: token, names. ARGV: name, digest, value, time to live, what stands before a digest
local older = redis.call('HGET', KEYS[2], ARGV[1])
if older and redis.call('EXISTS', ARGV[5] .. older) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'v', '1', 'd', ARGV[3], 'seen', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1
