-- The operation `stats`.
local oldest = redis.call('ZRANGE', READY, 0, 0, 'WITHSCORES')[2]
local waited = oldest and now - tonumber(oldest)
return {
  redis.call('ZCARD', READY), redis.call('ZCARD', LEASED), redis.call('ZCARD', DONE), redis.call('SCARD', PARKED),
  waited and waited >= 0 and int(waited) or false,
}
