-- All service tokens; forgets the names of those that are gone.
-- KEYS: names. ARGV: what stands before a digest
local found = {}
local names = redis.call('HGETALL', KEYS[1])
for i = 1, #names, 2 do
  local it = redis.call('HMGET', ARGV[1] .. names[i + 1], 'v', 'd', 'seen')
  if it[1] then
    found[#found + 1] = {it[1], it[2], it[3]}
  else
    redis.call('HDEL', KEYS[1], names[i])
  end
end
return found
