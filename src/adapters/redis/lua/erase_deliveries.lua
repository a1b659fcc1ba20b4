-- Removes all that is known of a person's mails, and those that still wait.
-- KEYS: the person's, outbox, suppression, list of suppressions. ARGV: what all keys begin with, person
local base, removed = ARGV[1], 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf')) do
  local key = base .. 'delivery:' .. id
  local it = redis.call('HMGET', key, 'state', 'digest')
  redis.call('ZREM', KEYS[2], id)
  redis.call('DEL', base .. 'mail:' .. id)
  if it[1] then
    redis.call('ZREM', base .. 'deliveries:' .. it[1], id)
  end
  if it[2] then
    redis.call('DEL', base .. 'reference:' .. it[2])
  end
  removed = removed + redis.call('DEL', key)
end
redis.call('DEL', KEYS[1])
redis.call('DEL', KEYS[3])
redis.call('ZREM', KEYS[4], ARGV[2])
return removed
