-- Sends a person no mail for a while.
-- KEYS: suppression. ARGV: what all keys begin with, person, address, why, since, until, time to live
records.suppress(ARGV[1], ARGV[2], {
  to = ARGV[3], why = ARGV[4], since = ARGV[5], till = ARGV[6], ttl = ARGV[7],
})
return 1
