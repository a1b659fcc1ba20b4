-- Changes an attempt's state if it is still what was judged, and makes the session.
-- KEYS: attempt [, session, person [, replaced session, its person]]
local from, to, ttl = ARGV[1], ARGV[2], ARGV[3]
local was = redis.call('HMGET', KEYS[1], 'v', 'state')
if was[1] ~= '1' or was[2] ~= from then
  return 0
end
redis.call('HSET', KEYS[1], 'state', to)
redis.call('PEXPIRE', KEYS[1], ttl)

if KEYS[2] then
  local digest, fixed, seen = ARGV[4], ARGV[5], ARGV[6]
  local session_ttl, replaced = ARGV[7], ARGV[8]
  if KEYS[4] then
    redis.call('DEL', KEYS[4])
    redis.call('SREM', KEYS[5], replaced)
  end
  redis.call('HSET', KEYS[2], 'v', '1', 'd', fixed, 'seen', seen)
  redis.call('PEXPIRE', KEYS[2], session_ttl)
  redis.call('SADD', KEYS[3], digest)
  if redis.call('PTTL', KEYS[3]) < tonumber(session_ttl) then
    redis.call('PEXPIRE', KEYS[3], session_ttl)
  end
end
return 1
