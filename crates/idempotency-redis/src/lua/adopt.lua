-- A step of the operation `adopt`.
local from, to, newest, after, max, actor, reason = arg(), arg(), arg(), arg(), number_arg(), arg(), arg()

local function is_lane_held()
  for _, member in ipairs(redis.call('ZRANGE', LEASED, 0, -1)) do
    local seq = member:sub(-16)
    if field_of(seq, 'lane') == from and now < (tonumber(field_of(seq, 'lease')) or FIRST) then
      return true
    end
  end
  return false
end

if is_lane_held() then
  return { 'held' }
end
local answer = move_some(from, { 'ready', 'leased', 'parked' }, after, newest, max, function(r)
  write(r, { notes = noted(r, 'adopted', actor, reason) })
  move(r, to)
  return true
end)
return { 'moved', unpack(answer) }
