-- The events of a person between two identities.
-- KEYS: the person's index, record. ARGV: lowest, highest, whether the first comes first, how many
local found = {}
local ids
if ARGV[3] == '1' then
  ids = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[4])
else
  ids = redis.call('ZREVRANGEBYLEX', KEYS[1], ARGV[2], ARGV[1], 'LIMIT', 0, ARGV[4])
end
for _, id in ipairs(ids) do
  local it = redis.call('ZRANGEBYLEX', KEYS[2], '[' .. id, '(' .. id .. '~', 'LIMIT', 0, 1)
  -- The identity alone where the event is gone: who reads goes on after it.
  found[#found + 1] = it[1] or id
end
return found
