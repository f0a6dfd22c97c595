-- The operation `get`, by number or by key.
local how, name = arg(), arg()
local seq = name
if how == 'key' then
  seq = redis.call('HGET', NAMES, KEY .. name)
end
local r = seq and load(seq)
if not r then
  if seq and how == 'key' then
    corrupt('missing')
  end
  return false
end
check_content(r)
return whole(seq)
