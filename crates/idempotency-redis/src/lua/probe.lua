-- The operation `probe`: writes something and reads it back, and uses every command that writes, so that a user who may not
-- use one of them is found here.
local list, set, text = BASE .. 'probe:z', BASE .. 'probe:s', BASE .. 'probe:t'
redis.call('ZADD', list, 0, 'x')
redis.call('ZREM', list, 'x')
redis.call('SADD', set, 'x')
redis.call('SREM', set, 'x')
redis.call('MSET', text, 'x')
redis.call('DEL', text)
redis.call('HSET', META, 'probing', 'x')
redis.call('HDEL', META, 'probing')
local written = redis.call('HINCRBY', META, 'probe', 1)
return tonumber(redis.call('HGET', META, 'probe')) == written and 'done' or 'lost'
