-- Adds events to the audit record, unless they are there. A member begins with the identity, 32 digits,
-- and the person, 64 digits or as many dashes.
-- KEYS: record. ARGV: what stands before a person's hash, then members
for i = 2, #ARGV do
  local id, person = string.sub(ARGV[i], 1, 32), string.sub(ARGV[i], 33, 96)
  if #redis.call('ZRANGEBYLEX', KEYS[1], '[' .. id, '(' .. id .. '~', 'LIMIT', 0, 1) == 0 then
    if string.sub(person, 1, 1) ~= '-' then
      redis.call('ZADD', ARGV[1] .. person, 0, id)
    end
    redis.call('ZADD', KEYS[1], 0, ARGV[i])
  end
end
return 1
