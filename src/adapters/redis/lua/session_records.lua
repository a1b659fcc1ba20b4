-- Sessions, in the order of their keys.
-- KEYS: sessions
local found = {}
for i, key in ipairs(KEYS) do
  found[i] = redis.call('HMGET', key, 'v', 'd', 'seen')
end
return found
