-- Attempts, in the order of their keys.
-- KEYS: attempts
local found = {}
for i, key in ipairs(KEYS) do
  found[i] = redis.call('HMGET', key, 'v', 'd', 'state', 'tries')
end
return found
