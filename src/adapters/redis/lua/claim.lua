-- Claims mails that are due: they are due again when the lease is over.
-- KEYS: outbox
local mails, now, most, lease_until, look = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local claimed = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, look)) do
  if #claimed >= most then
    break
  end
  local it = redis.call('HMGET', mails .. id, 'v', 'sealed', 'expires')
  if not it[1] then
    redis.call('ZREM', KEYS[1], id)
  elseif it[1] ~= '1' or not it[2] or not it[3] then
    -- Of a later version: left to nodes that know it.
    redis.call('ZADD', KEYS[1], lease_until, id)
  elseif tonumber(it[3]) <= tonumber(now) then
    redis.call('DEL', mails .. id)
    redis.call('ZREM', KEYS[1], id)
  else
    redis.call('ZADD', KEYS[1], lease_until, id)
    local claims = redis.call('HINCRBY', mails .. id, 'claims', 1)
    claimed[#claimed + 1] = {id, it[2], it[3], claims}
  end
end
return claimed
