-- Adds events to the audit record, unless they are there. A member begins with the identity, 32 digits,
-- and the person, 64 digits or as many dashes. Returns which are not added, because their person was
-- erased, counted from nought: what is left of them comes in another call.
-- KEYS: record. ARGV: what all keys begin with, then for each event the member, the moment and the mail it
-- tells of; no moment where nothing of it leads to a person
--
-- A storm of sign-ins brings a hundred at a time, of a few people: what one call can ask or add for all
-- of them is not asked for each (43 us of a sign-in were 35 then).
local base, record, erased = ARGV[1], KEYS[1], {}

local digits = '^' .. string.rep('%x', 12)

-- The milliseconds that an identity begins with; nothing where there are no twelve digits.
local function moment(id)
  return tonumber(string.match(id, digits) or '', 16)
end

local last = redis.call('ZREVRANGEBYLEX', record, '+', '-', 'LIMIT', 0, 1)[1]
-- Where that is of another version, each event is looked for.
local latest = last and (moment(last) or math.huge) or -1
local taken = {}

local function is_there(id)
  return taken[id] or moment(id) <= latest
    and #redis.call('ZRANGEBYLEX', record, '[' .. id, '(' .. id .. '~', 'LIMIT', 0, 1) > 0
end

local erasures = {}

-- Until when the events of a person are erased: for ever if that cannot be read; nothing if they are not.
local function erased_until(person)
  if erasures[person] == nil then
    local it = redis.call('HMGET', base .. 'erased:' .. person, 'v', 'until')
    erasures[person] = it[1] == '1' and it[2] and (tonumber(it[2]) or math.huge)
  end
  return erasures[person]
end

local function is_erased(person, at, mail)
  local till = erased_until(person)
  return till and (tonumber(at) <= till
    or mail ~= '' and redis.call('EXISTS', base .. 'delivery:' .. mail) == 0)
end

local members, people, events_of = {}, {}, {}
for i = 2, #ARGV, 3 do
  local member, at, mail = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local id, person = string.sub(member, 1, 32), string.sub(member, 33, 96)
  if not is_there(id) then
    if at ~= '' and is_erased(person, at, mail) then
      erased[#erased + 1] = (i - 2) / 3
    else
      taken[id] = true
      if string.sub(person, 1, 1) ~= '-' then
        if not events_of[person] then
          people[#people + 1], events_of[person] = person, {}
        end
        table.insert(events_of[person], id)
      end
      members[#members + 1] = member
    end
  end
end

-- All with one score, so that they are in the order of their text; a hundred with each call, because
-- Lua hands over some thousand values at most.
local function add(key, texts)
  for from = 1, #texts, 100 do
    local scored = {}
    for i = from, math.min(from + 99, #texts) do
      scored[#scored + 1], scored[#scored + 2] = 0, texts[i]
    end
    redis.call('ZADD', key, unpack(scored))
  end
end

-- An event that is in the record is in the index: whoever ends in between begins anew.
for _, person in ipairs(people) do
  add(base .. 'person-events:' .. person, events_of[person])
end
add(record, members)
return erased
