-- The operation `begin`: accept and claim in one step.
local id, span = arg(), number_arg()
local how, r = settle(read_entry())
if how == 'marked' then
  return { 'done', r.seq, false }
elseif how == 'full' then
  return { 'full' }
elseif r.state == 'done' then
  return { 'done', r.seq, r.outcome or false }
elseif r.state == 'parked' then
  return { how == 'changed' and 'changed' or 'parked', r.seq }
elseif is_held(r) then
  if r.claim ~= id then
    return { 'busy', int(r.lease - now) }
  end
elseif is_used_up(r) then
  give_up(r)
  return { 'parked', r.seq }
end
check_content(r)
if not is_held(r) then
  claim(r, id, span)
end
return { 'acquired', int(now), whole(r.seq) }
