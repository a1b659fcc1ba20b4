-- A page of the accounts, in the order of their keys.
-- KEYS: index of accounts. ARGV: where to begin, how many, what stands before a person's hash
local found = {}
for _, person in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
  local it = redis.call('HMGET', ARGV[3] .. person, 'v', 'd')
  found[#found + 1] = {person, it[1], it[2]}
end
return found
