-- Gives the store to an installation if it is nobody's. Returns whose it is then.
-- KEYS: installation. ARGV: mark, birth
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'v', '1', 'mark', ARGV[1], 'birth', ARGV[2])
end
return redis.call('HMGET', KEYS[1], 'v', 'mark', 'birth')
