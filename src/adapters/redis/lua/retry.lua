-- Gives a claimed mail back, unless it was forgotten meanwhile.
-- KEYS: outbox, mail. ARGV: what all keys begin with, identity, when it is due, news
if redis.call('EXISTS', KEYS[2]) == 0 then
  return 0
end
redis.call('ZADD', KEYS[1], 'XX', ARGV[3], ARGV[2])
records.note(ARGV[1], ARGV[2], records.news(4))
return 1
