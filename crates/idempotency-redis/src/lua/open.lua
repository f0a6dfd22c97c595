-- Run when a store is opened, and when its server was restarted or is another one. Gives the layout that is there; the
-- store's id; how it was found (`new`, `upgraded`, `restored`, `known`); whether numbers go on at the clock.
local wanted, older, new_id, run, keeps_all = arg(), arg(), optional_arg(), arg(), arg() == '1'
if not are_fixed_keys_right() then
  return { 'foreign' }
end
local schema = book('schema')
if schema and schema ~= wanted and schema ~= older then
  return { schema }
end
local how = 'known'
if not schema then
  if redis.call('EXISTS', unpack(KEYS)) > 0 then
    return { 'remains' }
  end
  how = 'new'
elseif schema == older then
  how = 'upgraded'
elseif not book('id') then
  how = 'restored'
end
if not book('id') and new_id then
  put('id', new_id)
end
-- Another run of a server may lack what was written last, and numbers that were given: it is told by the server's id, and
-- who can't be asked for it may be another one each time. One that flushes each write before it answers lacks nothing,
-- unless it has taken over from another one or was set up from a backup, which is older.
local is_other_run = how == 'known' and (run == '' or book('run') ~= run)
local is_complete = keeps_all and now - book_number('last') <= HOUR
local goes_on_at_clock = how == 'restored' or (is_other_run and not is_complete)
if goes_on_at_clock then
  advance(math.max(book_number('seq'), micros))
end
if schema ~= wanted then
  put('schema', wanted)
end
if book('run') ~= run then
  put('run', run)
end
return { wanted, book('id'), how, goes_on_at_clock and 1 or 0 }
