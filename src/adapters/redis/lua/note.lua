-- Takes news of a mail.
-- KEYS: record. ARGV: what all keys begin with, identity, news
return records.note(ARGV[1], ARGV[2], records.news(3))
