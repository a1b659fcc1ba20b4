-- Changes an attempt's state if it is still what was judged, makes the session, does what is wanted to
-- the account, and queues the mail. Makes no session for somebody who is suspended, or whose account
-- cannot be read.
-- KEYS: attempt [, session, person, account, index of accounts] [, replaced session, its person] [, outbox, mail, record]
local from, to, ttl = ARGV[1], ARGV[2], ARGV[3]
local makes, replaces, mails = ARGV[4] == '1', ARGV[5] == '1', ARGV[6] == '1'
local key, arg = 1, 6
local function next_key()
  key = key + 1
  return KEYS[key]
end
local function next_arg()
  arg = arg + 1
  return ARGV[arg]
end

local was = redis.call('HMGET', KEYS[1], 'v', 'state')
if was[1] ~= '1' or was[2] ~= from then
  return 0
end

local session, person, account, accounts
local digest, fixed, seen, session_ttl, owner_hash, sessions
local step, judged, revision, written, ends_others
local has_account = false
if makes then
  session, person, account, accounts = next_key(), next_key(), next_key(), next_key()
  digest, fixed, seen, session_ttl = next_arg(), next_arg(), next_arg(), next_arg()
  owner_hash, sessions = next_arg(), next_arg()
  step, judged, revision, written, ends_others = next_arg(), next_arg(), next_arg(), next_arg(), next_arg()
  local found = redis.call('HMGET', account, 'v', 'state', 'revision')
  has_account = redis.call('EXISTS', account) == 1
  if has_account and (found[1] ~= '1' or found[2] ~= 'active') then
    return 2
  end
  if step == 'judged' and (has_account and found[3] or '') ~= judged then
    return 0
  end
  -- First what may fail: while a Cluster moves the slot, a session may be out of reach, and then the
  -- attempt is not spent.
  if ends_others == '1' then
    for _, other in ipairs(redis.call('SMEMBERS', person)) do
      redis.call('DEL', sessions .. other)
    end
    redis.call('DEL', person)
  end
end

redis.call('HSET', KEYS[1], 'state', to)
redis.call('PEXPIRE', KEYS[1], ttl)

if makes then
  if written ~= '' and (step == 'judged' or not has_account) then
    redis.call('HSET', account, 'v', '1', 'revision', revision, 'state', 'active', 'd', written)
    redis.call('ZADD', accounts, 0, owner_hash)
  end
  if replaces then
    local replaced, owner = next_key(), next_key()
    redis.call('DEL', replaced)
    redis.call('SREM', owner, next_arg())
  end
  redis.call('HSET', session, 'v', '1', 'd', fixed, 'seen', seen)
  redis.call('PEXPIRE', session, session_ttl)
  redis.call('SADD', person, digest)
  if redis.call('PTTL', person) < tonumber(session_ttl) then
    redis.call('PEXPIRE', person, session_ttl)
  end
end

if mails then
  local outbox, mail = next_key(), next_key()
  local id, sealed, expires, mail_ttl, now = next_arg(), next_arg(), next_arg(), next_arg(), next_arg()
  local base, owner_of_mail, to, facts = next_arg(), next_arg(), next_arg(), next_arg()
  local queued_at, keep, keep_ttl = next_arg(), next_arg(), next_arg()
  records.open(base, id, {
    person = owner_of_mail, to = to, facts = facts, queued_at = queued_at, keep = keep, ttl = keep_ttl,
    now = now,
  })
  redis.call('HSET', mail, 'v', '1', 'sealed', sealed, 'expires', expires, 'claims', '0')
  redis.call('PEXPIRE', mail, mail_ttl)
  redis.call('ZADD', outbox, now, id)
end
return 1
