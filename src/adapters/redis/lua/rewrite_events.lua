-- Puts events in the place of what they were, if that is still there. Returns how many.
-- KEYS: record. ARGV: for each the member before, the member after
local done = 0
for i = 1, #ARGV, 2 do
  if redis.call('ZREM', KEYS[1], ARGV[i]) == 1 then
    redis.call('ZADD', KEYS[1], 0, ARGV[i + 1])
    done = done + 1
  end
end
return done
