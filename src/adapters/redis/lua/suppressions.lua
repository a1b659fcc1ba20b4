-- Whom no mail goes to, those first that end first.
-- KEYS: list. ARGV: what all keys begin with, how many, now
local found = {}
for _, person in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[3], '+inf', 'LIMIT', 0, ARGV[2])) do
  found[#found + 1] = {person, redis.call('HGETALL', ARGV[1] .. 'suppression:' .. person)}
end
return found
