-- Removes places in the outbox whose mail is over or gone. All else leaves by its time to live.
-- KEYS: outbox
local mails, now = ARGV[1], tonumber(ARGV[2])
local removed = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])) do
  local it = redis.call('HMGET', mails .. id, 'v', 'expires')
  local over = it[1] == '1' and it[2] and tonumber(it[2]) <= now
  if over or not it[1] then
    redis.call('DEL', mails .. id)
    redis.call('ZREM', KEYS[1], id)
    removed = removed + 1
  end
end
return removed
