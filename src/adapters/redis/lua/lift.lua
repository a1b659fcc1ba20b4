-- Forgets what is counted or held back. Returns how many windows were open.
-- KEYS: limits. ARGV: now
local open = 0
for _, key in ipairs(KEYS) do
  local was = redis.call('HMGET', key, 'v', 'until')
  if was[1] == '1' and was[2] and tonumber(was[2]) > tonumber(ARGV[1]) then
    open = open + 1
  end
  redis.call('DEL', key)
end
return open
