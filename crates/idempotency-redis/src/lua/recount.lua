-- Counts anew what the lanes hold, a step at a time. Gives 'done' when that was the last one.
local MAX_COUNTED = 2000

local lanes = {}
local all = redis.call('HKEYS', META)
if not book('uncounted') then
  for _, field in ipairs(all) do
    -- `held:` is of the layout before.
    if field:sub(1, #LANE) == LANE or field:sub(1, 5) == 'held:' then
      put(field, false)
    end
  end
  put('unaccounted', false)
  put('uncounted', padded(0) .. ' ' .. padded(book_number('seq')))
end
local reached, newest = book('uncounted'):match('^(%d+) (%d+)$')
local counted = 0
local last = walk({ 'ready', 'leased', 'done', 'parked' }, reached, function(seq, state)
  if seq > newest then
    return true
  end
  local fields = redis.pcall('HMGET', RECORD .. seq, 'lane', 'size')
  local lane, size = fields[1], tonumber(fields[2] or nil)
  if lane and size then
    local counts = lanes[lane] or tally_of(book(LANE .. lane))
    lanes[lane] = counts
    counts[PLACES[state]] = counts[PLACES[state]] + 1
    counts[BYTES] = counts[BYTES] + (state == 'done' and 0 or size)
  end
  counted = counted + 1
  return counted == MAX_COUNTED
end)
for lane, counts in pairs(lanes) do
  put_tally(lane, counts)
end
if last and last <= newest then
  put('uncounted', last .. ' ' .. newest)
  return 'more'
end
put('uncounted', false)
local rest = totals()
save_books()
local kept = redis.call('HGETALL', META)
for i = 1, #kept, 2 do
  if kept[i]:sub(1, #LANE) == LANE then
    local counts = tally_of(kept[i + 1])
    for place = 1, 4 do
      rest[place] = rest[place] - counts[place]
    end
  end
end
local is_exact = rest[1] == 0 and rest[2] == 0 and rest[3] == 0 and rest[4] == 0
put('unaccounted', not is_exact and table.concat(rest, ' '))
return 'done'
