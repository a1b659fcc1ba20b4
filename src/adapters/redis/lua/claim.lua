-- Claims mails that are due: they are due again when the lease is over.
-- KEYS: outbox. ARGV: what all keys begin with, now, most, end of the lease, how many are looked at,
-- the rank of one that is over
local base, now, most, lease_until, look = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local mails = base .. 'mail:'
local claimed = {}

-- Why no mail goes to the person of this one; empty when it does.
local function suppressed(id)
  local person = redis.call('HGET', base .. 'delivery:' .. id, 'person')
  local it = redis.call('HMGET', base .. 'suppression:' .. (person or ''), 'v', 'until', 'why')
  return it[1] == '1' and it[2] and tonumber(it[2]) > tonumber(now) and it[3] or ''
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, look)) do
  if #claimed >= most then
    break
  end
  local it = redis.call('HMGET', mails .. id, 'v', 'sealed', 'expires')
  if not it[1] then
    redis.call('ZREM', KEYS[1], id)
    records.expired(base, id, ARGV[6], now)
  elseif it[1] ~= '1' or not it[2] or not it[3] then
    -- Of a later version: left to nodes that know it.
    redis.call('ZADD', KEYS[1], lease_until, id)
  elseif tonumber(it[3]) <= tonumber(now) then
    redis.call('DEL', mails .. id)
    redis.call('ZREM', KEYS[1], id)
    records.expired(base, id, ARGV[6], now)
  else
    redis.call('ZADD', KEYS[1], lease_until, id)
    local claims = redis.call('HINCRBY', mails .. id, 'claims', 1)
    -- The rank of News::rank for a mail that is being sent.
    records.note(base, id, {
      state = 'sending', rank = string.format('%d', 2 * claims), tries = string.format('%d', claims),
      at = now, words = '', clears_words = '0', is_step = '0', reference = '', digest = '', till = '',
      ttl = '',
    })
    claimed[#claimed + 1] = {id, it[2], it[3], claims, suppressed(id)}
  end
end
return claimed
