-- Counts one tried code, unless as many as allowed have been counted.
-- KEYS: attempt
local was = redis.call('HMGET', KEYS[1], 'v', 'tries')
if was[1] ~= '1' or not was[2] or tonumber(was[2]) >= tonumber(ARGV[1]) then
  return 0
end
redis.call('HINCRBY', KEYS[1], 'tries', 1)
return 1
