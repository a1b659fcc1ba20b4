-- Removes the service token of a name. Returns its digest, if it was there.
-- KEYS: names. ARGV: name, what stands before a digest
local digest = redis.call('HGET', KEYS[1], ARGV[1])
if not digest then
  return false
end
-- In this order: while a Cluster moves the slot the token may be out of reach, and keeps its name.
local gone = redis.call('DEL', ARGV[2] .. digest)
redis.call('HDEL', KEYS[1], ARGV[1])
return gone == 1 and digest
