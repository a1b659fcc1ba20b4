-- Removes whatever lies under a person's key, and ends the person's sessions. Returns whether there was an
-- account, and the sessions.
-- KEYS: account, index of accounts, person. ARGV: person, what stands before the digest of a session
local ended = redis.call('SMEMBERS', KEYS[3])
for _, digest in ipairs(ended) do
  redis.call('DEL', ARGV[2] .. digest)
end
redis.call('DEL', KEYS[3])
redis.call('ZREM', KEYS[2], ARGV[1])
return {redis.call('DEL', KEYS[1]), ended}
