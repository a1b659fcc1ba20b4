-- Forgets a mail, and notes why.
-- KEYS: outbox, mail. ARGV: what all keys begin with, identity, news
redis.call('ZREM', KEYS[1], ARGV[2])
records.note(ARGV[1], ARGV[2], records.news(3))
return redis.call('DEL', KEYS[2])
