-- Ends a session. Returns whether it was there.
-- KEYS: session, person
redis.call('SREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
