-- Moves the time a session was last seen forward. Makes no session.
-- KEYS: session
local was = redis.call('HMGET', KEYS[1], 'v', 'seen')
if was[1] == '1' and was[2] and tonumber(was[2]) < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'seen', ARGV[1])
end
return 1
