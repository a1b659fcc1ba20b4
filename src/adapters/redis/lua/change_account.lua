-- Makes, changes or removes an account, if it still is what was judged; ends the person's sessions
-- if that is wanted. Returns nothing, or the sessions that ended.
-- KEYS: account, index of accounts, person
-- ARGV: revision before or '', revision after or '' to remove, state, value, person, ends, sessions
local from, to, state, fixed, person = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local ends, sessions = ARGV[6] == '1', ARGV[7]

if redis.call('EXISTS', KEYS[1]) == 1 then
  local was = redis.call('HMGET', KEYS[1], 'v', 'revision')
  if was[1] ~= '1' or was[2] ~= from then
    return false
  end
elseif from ~= '' then
  return false
end

-- First what may fail: while a Cluster moves the slot, a session may be out of reach, and then
-- nothing of the account is changed.
local ended = {}
if ends then
  for _, digest in ipairs(redis.call('SMEMBERS', KEYS[3])) do
    redis.call('DEL', sessions .. digest)
    ended[#ended + 1] = digest
  end
  redis.call('DEL', KEYS[3])
end

if to == '' then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], person)
else
  redis.call('HSET', KEYS[1], 'v', '1', 'revision', to, 'state', state, 'd', fixed)
  redis.call('ZADD', KEYS[2], 0, person)
end

return ended
