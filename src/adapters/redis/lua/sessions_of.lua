-- A person's sessions; forgets those that are gone.
-- KEYS: person
local found = {}
for _, digest in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local it = redis.call('HMGET', ARGV[1] .. digest, 'v', 'd', 'seen')
  if it[1] then
    found[#found + 1] = {digest, it[1], it[2], it[3]}
  else
    redis.call('SREM', KEYS[1], digest)
  end
end
return found
