-- The operation `park`.
local seq, actor, reason, without_reason = arg(), arg(), arg(), arg()
local r = load(seq)
if not r then
  return false
end
if r.state == 'ready' or r.state == 'leased' then
  local why = reason ~= '' and reason or without_reason
  go(r, 'parked', { fence = void_fence(r), error = why, notes = noted(r, 'parked', actor, reason) })
end
return whole(seq)
