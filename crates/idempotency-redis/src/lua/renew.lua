-- The operation `renew`. A lease that is over but wasn't taken may be renewed.
local seq, fence, span = arg(), arg(), number_arg()
local r = load(seq)
if not is_of(r, fence) then
  return 'lost'
end
change(r, { lease = lease_end(span) })
return 'done'
