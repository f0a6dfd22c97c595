-- The operation `fail`: again after so many milliseconds, or (without them) parked.
local seq, fence, message, flags, after = arg(), arg(), arg(), list_arg(), optional_arg()
local r = load(seq)
if not is_of(r, fence) then
  return 'lost'
end
local changes, new = { error = message }, {}
for _, flag in ipairs(flags) do
  if not contains(r.flags, flag) then
    r.flags[#r.flags + 1] = flag
    new[#new + 1] = flag
  end
end
if #new > 0 then
  changes.flags = r.flags
  add_terms(terms_of(seq, nil, {}, new))
end
if after and r.tries < r.most then
  changes.due = later(tonumber(after))
  go(r, 'ready', changes)
else
  go(r, 'parked', changes)
end
return 'done'
