-- The operation `lanes`: name, records by state (in the order of PLACES), bytes. Nothing if what is counted doesn't add up
-- to what is there: a program of an older version changed something, or a record was damaged (recount.lua).
local sums, lanes = { 0, 0, 0, 0 }, {}
local all = redis.call('HGETALL', META)
for i = 1, #all, 2 do
  if all[i]:sub(1, #LANE) == LANE then
    local counts = tally_of(all[i + 1])
    for place = 1, 4 do
      sums[place] = sums[place] + counts[place]
    end
    lanes[#lanes + 1] = { all[i]:sub(#LANE + 1), unpack(counts) }
  end
end
return not book('uncounted') and do_add_up(sums) and lanes
