-- Shared: puts records into another lane.
local MAX_EXAMINED = 2000

local function move(r, lane)
  local wake = wakes_at(r.state, r.due, r.lease)
  if wake then
    stop_waiting(r)
  end
  tally(r.lane, r.state, r.seq, r.size, -1)
  write(r, { lane = lane })
  tally(lane, r.state, r.seq, r.size, 1)
  if wake then
    start_waiting(r, wake)
  end
end

-- Goes through the records of a lane in these states after this number and up to that one, until `step` has moved so many.
-- Gives how many, the number after which to go on ('' at the end), and how many were looked at.
local function move_some(from, states, after, newest, max, step)
  local moved, examined, is_over = 0, 0, false
  if max == 0 then
    return { 0, '', 0 }
  end
  local last = walk(states, after, function(seq)
    examined = examined + 1
    is_over = seq > newest
    if is_over then
      return true
    end
    if field_of(seq, 'lane') == from then
      local fine, r = readable(function() return must_load(seq) end)
      if not fine then
        set_aside(seq, from)
      elseif step(r) then
        moved = moved + 1
      end
    end
    return moved >= max or examined >= MAX_EXAMINED
  end)
  return { moved, not is_over and last or '', examined }
end
