-- Puts a roster of signing keys in place of the one before it. What is of another version is left
-- alone. Returns whether that one was there.
-- KEYS: roster. ARGV: the revision before, the revision after, the roster
local was = redis.call('HMGET', KEYS[1], 'v', 'revision')
if redis.call('EXISTS', KEYS[1]) == 0 then
  was = { '1', '0' }
end
if was[1] ~= '1' or was[2] ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'v', '1', 'revision', ARGV[2], 'd', ARGV[3])
return 1
