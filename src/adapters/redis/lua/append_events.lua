-- Adds events to the audit record, unless they are there. A member begins with the identity, 32 digits,
-- and the person, 64 digits or as many dashes. Returns which are not added, because their person was
-- erased, counted from nought: what is left of them comes in another call.
-- KEYS: record. ARGV: what all keys begin with, then for each event the member, the moment and the mail it
-- tells of; no moment where nothing of it leads to a person
local base, erased = ARGV[1], {}

local function is_erased(person, at, mail)
  local it = redis.call('HMGET', base .. 'erased:' .. person, 'v', 'until')
  if it[1] ~= '1' or not it[2] then
    return false
  end
  if tonumber(at) <= tonumber(it[2]) then
    return true
  end
  return mail ~= '' and redis.call('EXISTS', base .. 'delivery:' .. mail) == 0
end

for i = 2, #ARGV, 3 do
  local member, at, mail = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local id, person = string.sub(member, 1, 32), string.sub(member, 33, 96)
  if #redis.call('ZRANGEBYLEX', KEYS[1], '[' .. id, '(' .. id .. '~', 'LIMIT', 0, 1) == 0 then
    if at ~= '' and is_erased(person, at, mail) then
      erased[#erased + 1] = (i - 2) / 3
    else
      if string.sub(person, 1, 1) ~= '-' then
        redis.call('ZADD', base .. 'person-events:' .. person, 0, id)
      end
      redis.call('ZADD', KEYS[1], 0, member)
    end
  end
end
return erased
