-- Removes the first events of the audit record. Returns how many.
-- KEYS: record. ARGV: what stands before a person's hash, the identity to end before, how many at most
local over = redis.call('ZRANGEBYLEX', KEYS[1], '-', ARGV[2], 'LIMIT', 0, ARGV[3])
for _, member in ipairs(over) do
  local person = string.sub(member, 33, 96)
  if string.sub(person, 1, 1) ~= '-' then
    redis.call('ZREM', ARGV[1] .. person, string.sub(member, 1, 32))
  end
  redis.call('ZREM', KEYS[1], member)
end
return #over
