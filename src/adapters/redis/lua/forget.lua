-- Forgets an attempt, and what leads to it. Returns whether it was there.
-- KEYS: attempt, browser, open. ARGV: link
if redis.call('HGET', KEYS[2], 'latest') == ARGV[1] then
  redis.call('DEL', KEYS[2])
end
if redis.call('HGET', KEYS[3], 'link') == ARGV[1] then
  redis.call('DEL', KEYS[3])
end
return redis.call('DEL', KEYS[1])
