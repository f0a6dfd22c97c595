-- The operation `accept`.
local how, r = settle(read_entry())
if how == 'new' or how == 'changed' then
  return { how, r.seq }
elseif how == 'known' then
  return { 'duplicate', r.seq, r.state, r.outcome or false }
elseif how == 'marked' then
  return { 'duplicate', r.seq, 'done', false }
end
return { 'full' }
