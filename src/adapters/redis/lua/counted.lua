-- What is counted under each key.
-- KEYS: limits
local found = {}
for i, key in ipairs(KEYS) do
  found[i] = redis.call('HMGET', key, 'v', 'count', 'until')
end
return found
