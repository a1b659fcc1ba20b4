-- The latest attempt of a browser, with its link.
-- KEYS: browser
local was = redis.call('HMGET', KEYS[1], 'v', 'latest')
if was[1] ~= '1' or not was[2] then
  return {}
end
local it = redis.call('HMGET', ARGV[1] .. was[2], 'v', 'd', 'state', 'tries')
return {was[2], it[1], it[2], it[3], it[4]}
