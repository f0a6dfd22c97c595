-- The operation `park`.
local seq, actor, reason = arg(), arg(), arg()
local r = load(seq)
if not r then
  return false
end
if r.state == 'ready' or r.state == 'leased' then
  go(r, 'parked', { fence = void_fence(r), notes = noted(r, 'parked', actor, reason) })
end
return whole(seq)
