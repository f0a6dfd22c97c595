-- The operation `discard`.
local seq, actor, reason = arg(), arg(), arg()
local r = load(seq)
if not r then
  return false
end
if r.state ~= 'done' then
  go(r, 'done', { fence = void_fence(r), done = now, notes = noted(r, 'discarded', actor, reason) })
end
return whole(seq)
