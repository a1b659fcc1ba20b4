-- The records in some states, the newest first.
-- KEYS: lists. ARGV: what all keys begin with, how many, now
local base, most = ARGV[1], tonumber(ARGV[2])
local places = {}
for _, key in ipairs(KEYS) do
  local found = redis.call('ZREVRANGEBYSCORE', key, '+inf', '(' .. ARGV[3], 'WITHSCORES', 'LIMIT', 0, most)
  for j = 1, #found, 2 do
    places[#places + 1] = {id = found[j], keep = tonumber(found[j + 1])}
  end
end
table.sort(places, function(one, other)
  if one.keep ~= other.keep then
    return one.keep > other.keep
  end
  return one.id > other.id
end)
local ids = {}
for i = 1, math.min(most, #places) do
  ids[i] = places[i].id
end
return records.read(base, ids)
