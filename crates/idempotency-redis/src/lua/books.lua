-- Shared: the books of what is added and moved: the last number and fence, what lanes hold, which kinds of event there
-- are, and the span of the numbers given last.
local HELD, LANE, KIND = 'held:', 'lane:', 'kind:'
-- Numbers are counted in chunks, so that records of some time are found by their numbers.
local CHUNK = 1024
local PLACES = { ready = 1, leased = 2, done = 3, parked = 4 }

-- Records and bytes of bodies that a lane holds and that aren't Done.
local function held(text)
  local records, bytes = (text or ''):match('^(%d+) (%d+)$')
  return tonumber(records or 0), tonumber(bytes or 0)
end

-- So many more that aren't Done, or fewer.
local function hold(lane, records, size)
  local field = HELD .. lane
  local before, bytes = held(book(field))
  put(field, string.format('%d %d', math.max(before + records, 0), math.max(bytes + records * size, 0)))
end

-- How many records of a lane are in which state, in the order of PLACES.
local function tally_of(text)
  local tally = { (text or ''):match('^(%d+) (%d+) (%d+) (%d+)$') }
  for place = 1, 4 do
    tally[place] = tonumber(tally[place] or 0)
  end
  return tally
end

local function put_tally(lane, tally)
  local sum = tally[1] + tally[2] + tally[3] + tally[4]
  put(LANE .. lane, sum > 0 and table.concat(tally, ' ') or false)
end

-- While lanes are counted anew (lanes.lua), what comes after the number reached isn't counted yet, but for what is newer
-- than the counting.
local function is_counted(seq)
  if not books.uncounted then
    return true
  end
  local reached, newest = books.uncounted:match('^(%d+) (%d+)$')
  return seq <= reached or seq > newest
end

-- One more record of this state in a lane, or one less.
local function tally(lane, state, seq, records)
  if is_counted(seq) then
    local counts = tally_of(book(LANE .. lane))
    counts[PLACES[state]] = math.max(counts[PLACES[state]] + records, 0)
    put_tally(lane, counts)
  end
end

local function chunk_of(seq)
  return math.floor((tonumber(seq) - 1) / CHUNK)
end

-- How many of a chunk's records are there, and between which times they were accepted.
local function span_of(text)
  local count, first, last = (text or ''):match('^(%d+) (%d+) (%d+)$')
  return tonumber(count or 0), tonumber(first or LAST), tonumber(last or FIRST)
end

local function span_text(count, first, last)
  return string.format('%d %d %d', count, first, last)
end

-- This is the last number from now on. The span of the newest chunk is in the books; it is put with the others when
-- another one begins.
local function advance(seq)
  local newest, span = chunk_of(book_number('seq')), book('span')
  if chunk_of(seq) ~= newest and span then
    if not span:match('^0 ') then
      redis.call('HSET', SPANS, int(newest), span)
    end
    put('span', false)
  end
  put('seq', int(seq))
end

-- The record with the last number was accepted now.
local function join_span()
  local count, first, last = span_of(book('span'))
  put('span', span_text(count + 1, math.min(first, now), math.max(last, now)))
end

-- One less.
local function leave_span(seq)
  local chunk = chunk_of(seq)
  if chunk == chunk_of(book_number('seq')) then
    local count, first, last = span_of(book('span'))
    put('span', span_text(math.max(count - 1, 0), first, last))
    return
  end
  local field = int(chunk)
  local count, first, last = span_of(redis.call('HGET', SPANS, field))
  if count > 1 then
    redis.call('HSET', SPANS, field, span_text(count - 1, first, last))
  else
    redis.call('HDEL', SPANS, field)
  end
end

-- Greater than every fence before, also if this server lost some of the last: the caller knows one, and its clock went on
-- meanwhile.
local function next_fence()
  local fence = int(math.max(math.max(book_number('fence'), GIVEN_FENCE) + 1, micros))
  put('fence', fence)
  return fence
end
