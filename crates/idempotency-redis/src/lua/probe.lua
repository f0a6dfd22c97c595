-- The operation `probe`: writes something and reads it back.
local written = redis.call('HINCRBY', META, 'probe', 1)
return tonumber(redis.call('HGET', META, 'probe')) == written and 'done' or 'lost'
