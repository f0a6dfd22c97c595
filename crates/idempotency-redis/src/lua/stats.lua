-- The operation `stats`: for how long the oldest ready record has been due, and for each lane its name, its records by
-- state (in the order of PLACES) and its bytes. Nothing if the counts don't add up to what is there: a program of an older
-- version changed something, or a record was damaged (recount.lua).
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
if book('uncounted') or not do_add_up(sums) then
  return false
end
local oldest = redis.call('ZRANGE', READY, 0, 0, 'WITHSCORES')[2]
local waited = oldest and now - tonumber(oldest)
table.insert(lanes, 1, waited and waited >= 0 and int(waited) or false)
return lanes
