-- The operation `lanes`: name, records by state (in the order of PLACES), bytes. Nothing if what is counted doesn't add up
-- to what is there: a program of an older version changed something, or a record was damaged (recount.lua).
local sums, lanes, held_bytes = { 0, 0, 0, 0 }, {}, {}
local all = redis.call('HGETALL', META)
for i = 1, #all, 2 do
  local field, value = all[i], all[i + 1]
  if field:sub(1, #LANE) == LANE then
    local counts = tally_of(value)
    for place = 1, 4 do
      sums[place] = sums[place] + counts[place]
    end
    lanes[#lanes + 1] = { field:sub(#LANE + 1), unpack(counts) }
  elseif field:sub(1, #HELD) == HELD then
    local _, bytes = held(value)
    held_bytes[field:sub(#HELD + 1)] = bytes
  end
end
if book('uncounted') or not do_add_up(sums) then
  return false
end
for _, lane in ipairs(lanes) do
  lane[6] = held_bytes[lane[1]] or 0
end
return lanes
