-- What several steps do with the records of mails; it stands before each of them. `base` is what all
-- keys begin with. A record moves forward only: the rule of Progress::take.
local records = {}

-- Begins a record.
function records.open(base, id, it)
  local key = base .. 'delivery:' .. id
  redis.call('HSET', key, 'v', '1', 'person', it.person, 'to', it.to, 'd', it.facts, 'keep', it.keep,
    'state', 'queued', 'rank', '0', 'tries', '0', 'at:queued', it.queued_at)
  redis.call('PEXPIRE', key, it.ttl)
  redis.call('ZADD', base .. 'deliveries:queued', it.keep, id)
  local all = base .. 'deliveries-of:' .. it.person
  redis.call('ZADD', all, it.keep, id)
  redis.call('ZREMRANGEBYSCORE', all, '-inf', it.now)
  if redis.call('PTTL', all) < tonumber(it.ttl) then
    redis.call('PEXPIRE', all, it.ttl)
  end
end

-- Sends a person no mail until a moment. Never makes that shorter.
function records.suppress(base, person, it)
  local key = base .. 'suppression:' .. person
  local was = redis.call('HMGET', key, 'v', 'until')
  if was[1] == '1' and was[2] and tonumber(was[2]) >= tonumber(it.till) then
    return
  end
  redis.call('HSET', key, 'v', '1', 'to', it.to, 'why', it.why, 'since', it.since, 'until', it.till)
  redis.call('PEXPIRE', key, it.ttl)
  redis.call('ZADD', base .. 'suppressions', it.till, person)
end

-- Takes news. Returns 0 for no record, 1 for as far already, 2 for moved.
function records.note(base, id, news)
  local key = base .. 'delivery:' .. id
  local was = redis.call('HMGET', key, 'v', 'rank', 'state', 'keep', 'person', 'to', 'reference', 'tries')
  if was[1] ~= '1' or not was[2] then
    return 0
  end
  if news.reference ~= '' and not was[7] then
    local pointer = base .. 'reference:' .. news.digest
    redis.call('HSET', key, 'reference', news.reference, 'digest', news.digest)
    redis.call('HSET', pointer, 'v', '1', 'mail', id)
    redis.call('PEXPIRE', pointer, redis.call('PTTL', key))
  end
  local moment = 'at:' .. news.state
  if tonumber(news.rank) <= tonumber(was[2]) then
    if news.is_step == '1' and not redis.call('HGET', key, moment) then
      redis.call('HSET', key, moment, news.at)
    end
    return 1
  end
  redis.call('HSET', key, 'state', news.state, 'rank', news.rank, moment, news.at)
  if tonumber(news.tries) > tonumber(was[8]) then
    redis.call('HSET', key, 'tries', news.tries)
  end
  if news.words ~= '' then
    redis.call('HSET', key, 'words', news.words)
  elseif news.clears_words == '1' then
    redis.call('HDEL', key, 'words')
  end
  if was[3] ~= news.state then
    redis.call('ZREM', base .. 'deliveries:' .. was[3], id)
    redis.call('ZADD', base .. 'deliveries:' .. news.state, was[4], id)
  end
  if news.till ~= '' then
    records.suppress(base, was[5], {
      to = was[6], why = news.state, since = news.at, till = news.till, ttl = news.ttl,
    })
  end
  return 2
end

-- The news in the arguments from a place on; `News` in Rust writes them.
function records.news(from)
  return {
    state = ARGV[from], rank = ARGV[from + 1], tries = ARGV[from + 2], at = ARGV[from + 3],
    words = ARGV[from + 4], clears_words = ARGV[from + 5], is_step = ARGV[from + 6],
    reference = ARGV[from + 7], digest = ARGV[from + 8], till = ARGV[from + 9], ttl = ARGV[from + 10],
  }
end

-- A mail was never handed over, and is worth nothing any more.
function records.expired(base, id, rank, now)
  records.note(base, id, {
    state = 'expired_unsent', rank = rank, tries = '0', at = now, words = '', clears_words = '1',
    is_step = '0', reference = '', digest = '', till = '', ttl = '',
  })
end

-- The records with these identities.
function records.read(base, ids)
  local found = {}
  for _, id in ipairs(ids) do
    found[#found + 1] = {id, redis.call('HGETALL', base .. 'delivery:' .. id)}
  end
  return found
end

