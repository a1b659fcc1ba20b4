-- Stores an attempt, and its mail if it has one; what the same browser and person had open before is
-- replaced, if that is wanted.
-- KEYS: attempt, browser, open [, outbox, mail, record]
local link, fixed, now, ttl, attempts = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local replaces = ARGV[6] == '1'
local mail, sealed, mail_expires, mail_ttl = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local base, person, to, facts, queued_at, keep, keep_ttl =
  ARGV[11], ARGV[12], ARGV[13], ARGV[14], ARGV[15], ARGV[16], ARGV[17]

local open = redis.call('HMGET', KEYS[3], 'v', 'link')
local older = open[1] == '1' and open[2]
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

-- What removes something first may go on in a Redis that is full: only where there is something.
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('DEL', KEYS[1])
end
redis.call('HSET', KEYS[1], 'v', '1', 'd', fixed, 'state', 'live', 'tries', '0')
redis.call('PEXPIRE', KEYS[1], ttl)

local function point(key, field)
  redis.call('DEL', key)
  redis.call('HSET', key, 'v', '1', field, link)
  redis.call('PEXPIRE', key, ttl)
end
if replaces then
  point(KEYS[3], 'link')
end
if mail then
  point(KEYS[2], 'latest')
  records.open(base, mail, {
    person = person, to = to, facts = facts, queued_at = queued_at, keep = keep, ttl = keep_ttl, now = now,
  })
  redis.call('HSET', KEYS[5], 'v', '1', 'sealed', sealed, 'expires', mail_expires, 'claims', '0')
  redis.call('PEXPIRE', KEYS[5], mail_ttl)
  redis.call('ZADD', KEYS[4], now, mail)
end
return 1
