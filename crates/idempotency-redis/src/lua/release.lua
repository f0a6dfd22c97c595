-- The operation `release`: the attempt doesn't count.
local seq, fence = arg(), arg()
local r = load(seq)
if not is_of(r, fence) then
  return 'lost'
end
go(r, 'ready', { tries = math.max(r.tries - 1, 0), due = now })
return 'done'
