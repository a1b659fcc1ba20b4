-- Puts events in the place of what they were, if that is still there, or removes them. Returns how many.
-- KEYS: record, the person's index. ARGV: for each the member before, the member after; none where it goes
local done = 0
for i = 1, #ARGV, 2 do
  if redis.call('ZREM', KEYS[1], ARGV[i]) == 1 then
    if ARGV[i + 1] == '' then
      redis.call('ZREM', KEYS[2], string.sub(ARGV[i], 1, 32))
    else
      redis.call('ZADD', KEYS[1], 0, ARGV[i + 1])
    end
    done = done + 1
  end
end
return done
