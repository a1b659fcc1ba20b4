-- Stores an attempt and its mail; what the same browser and person had open before is replaced,
-- if that is wanted.
-- KEYS: attempt, browser, outbox, mail
local link, person, fixed, now, ttl, attempts = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local mail, sealed, mail_expires, mail_ttl = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local replaces = ARGV[11] == '1'

local slot = 'open:' .. person
if redis.call('HGET', KEYS[2], 'v') ~= '1' then
  redis.call('DEL', KEYS[2])
end
local older = redis.call('HGET', KEYS[2], slot)
if replaces and older and older ~= link then
  local was = redis.call('HMGET', attempts .. older, 'v', 'state')
  if was[1] == '1' and was[2] then
    -- The rule of State::replaced, in words of the stored text.
    if was[2] == 'live' then
      redis.call('HSET', attempts .. older, 'state', 'replaced:' .. now)
    elseif string.sub(was[2], 1, 10) == 'link_used:' then
      redis.call('HSET', attempts .. older, 'state', string.sub(was[2], 6))
    end
  end
end

redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'v', '1', 'd', fixed, 'state', 'live', 'tries', '0')
redis.call('PEXPIRE', KEYS[1], ttl)

redis.call('HSET', KEYS[2], 'v', '1', 'latest', link)
if replaces then
  redis.call('HSET', KEYS[2], slot, link)
end
if redis.call('PTTL', KEYS[2]) < tonumber(ttl) then
  redis.call('PEXPIRE', KEYS[2], ttl)
end

redis.call('HSET', KEYS[4], 'v', '1', 'sealed', sealed, 'expires', mail_expires, 'claims', '0')
redis.call('PEXPIRE', KEYS[4], mail_ttl)
redis.call('ZADD', KEYS[3], now, mail)
return 1
