-- Lets mail go to a person again. Returns whether it did not.
-- KEYS: suppression, list. ARGV: person
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
