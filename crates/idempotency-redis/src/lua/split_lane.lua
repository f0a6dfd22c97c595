-- A step of the operation `split_lane`.
local from, prefix, is_done, after, max = arg(), arg(), arg() == '1', arg(), number_arg()
local states = is_done and { 'done' } or { 'ready', 'leased', 'parked' }
local answer = move_some(from, states, after, BEHIND_ALL, max, function(r)
  local to = prefix .. cjson.decode(r.kind)[1]
  if to ~= from then
    move(r, to)
  end
  return to ~= from
end)
return { 'moved', unpack(answer) }
