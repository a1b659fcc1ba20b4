-- Counts a group of hits, or none of them if one is used up: then returns when the last of the
-- used-up windows closes.
-- KEYS: one for each hit. ARGV: now, then for each: most, end of a new window, its time to live
local now = tonumber(ARGV[1])
local open, until_last = {}, nil
for i, key in ipairs(KEYS) do
  local was = redis.call('HMGET', key, 'v', 'count', 'until')
  open[i] = was[1] == '1' and was[2] and was[3] and tonumber(was[3]) > now
  if open[i] and tonumber(was[2]) >= tonumber(ARGV[3 * i - 1]) then
    if not until_last or tonumber(was[3]) > tonumber(until_last) then
      until_last = was[3]
    end
  end
end
if until_last then
  return until_last
end
for i, key in ipairs(KEYS) do
  if open[i] then
    redis.call('HINCRBY', key, 'count', 1)
  else
    -- What removes something first may go on in a Redis that is full: only where there is something.
    if redis.call('EXISTS', key) == 1 then
      redis.call('DEL', key)
    end
    redis.call('HSET', key, 'v', '1', 'count', '1', 'until', ARGV[3 * i])
    redis.call('PEXPIRE', key, ARGV[3 * i + 1])
  end
end
return false
