-- A person's records, the newest first.
-- KEYS: the person's. ARGV: what all keys begin with, how many, now
local ids = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. ARGV[3], 'LIMIT', 0, ARGV[2])
return records.read(ARGV[1], ids)
