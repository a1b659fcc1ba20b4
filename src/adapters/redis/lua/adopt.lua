-- Whether the store belongs to the installation with this mark; it does from now on if it belonged to
-- nobody. What cannot be read is somebody else's.
-- KEYS: installation. ARGV: mark
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'v', '1', 'mark', ARGV[1])
end
local was = redis.call('HMGET', KEYS[1], 'v', 'mark')
return was[1] == '1' and was[2] == ARGV[1] and 1 or 0
