-- The operation `accept`. A new record's state says whether a stream has it already.
local e = read_entry()
e.stream = read_stream()
local how, r = settle(e)
if how == 'new' or how == 'changed' then
  return { how, r.seq, r.state }
elseif how == 'known' then
  return { 'duplicate', r.seq, r.state, r.outcome or false }
elseif how == 'marked' then
  return { 'duplicate', r.seq, 'done', false }
end
return { 'full' }
