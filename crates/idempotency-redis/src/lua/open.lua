-- Run when a store is opened: claims the prefix for this layout. Gives the layout's version that is there.
local wanted = arg()
for i, kind in ipairs({
  'hash', 'hash', 'hash', 'zset', 'zset', 'zset', 'set', 'set', 'zset', 'zset', 'hash', 'zset',
}) do
  local there = redis.call('TYPE', KEYS[i]).ok
  if there ~= 'none' and there ~= kind then
    return 'foreign'
  end
end
redis.call('HSETNX', META, 'schema', wanted)
return redis.call('HGET', META, 'schema')
