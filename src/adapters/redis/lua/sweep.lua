-- Removes places in the outbox whose mail is over or gone, and in the lists of records and
-- suppressions. All else leaves by its time to live.
-- KEYS: outbox. ARGV: what all keys begin with, now, how many, the rank of a mail that is over, states
local base, now = ARGV[1], tonumber(ARGV[2])
local mails = base .. 'mail:'
local removed = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])) do
  local it = redis.call('HMGET', mails .. id, 'v', 'expires')
  local over = it[1] == '1' and it[2] and tonumber(it[2]) <= now
  if over or not it[1] then
    redis.call('DEL', mails .. id)
    redis.call('ZREM', KEYS[1], id)
    records.expired(base, id, ARGV[4], ARGV[2])
    removed = removed + 1
  end
end
for i = 5, #ARGV do
  removed = removed + redis.call('ZREMRANGEBYSCORE', base .. 'deliveries:' .. ARGV[i], '-inf', ARGV[2])
end
removed = removed + redis.call('ZREMRANGEBYSCORE', base .. 'suppressions', '-inf', ARGV[2])
return removed
