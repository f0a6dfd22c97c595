-- The operation `complete`. Doing it twice with the same fence is harmless.
local seq, fence, outcome = arg(), arg(), optional_arg()
local r = load(seq)
if r and r.state == 'done' and r.fence == fence then
  return 'done'
elseif not is_of(r, fence) then
  return 'lost'
end
go(r, 'done', { outcome = outcome or false, error = false, done = now })
return 'done'
