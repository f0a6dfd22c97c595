-- Shared: the books of what is added and moved: the last number and fence, what lanes hold, which kinds of event there
-- are, and the span of the numbers given last.
local LANE, KIND = 'lane:', 'kind:'
-- Numbers are counted in chunks, so that records of some time are found by their numbers.
local CHUNK = 1024
local PLACES, BYTES = { ready = 1, leased = 2, done = 3, parked = 4 }, 5

-- How many records of a lane are in which state, in the order of PLACES; bytes of the bodies of those that aren't Done.
local function tally_of(text)
  local ready, leased, done, parked, bytes = (text or ''):match('^(%d+) (%d+) (%d+) (%d+) (%d+)$')
  if not ready then
    return { 0, 0, 0, 0, 0 }
  end
  return { tonumber(ready), tonumber(leased), tonumber(done), tonumber(parked), tonumber(bytes) }
end

local function put_tally(lane, counts)
  local is_empty = counts[1] + counts[2] + counts[3] + counts[4] == 0
  put(LANE .. lane, not is_empty and string.format('%d %d %d %d %d', unpack(counts)))
end

-- While lanes are counted anew (recount.lua), what comes after the number reached isn't counted yet, but for what is newer
-- than the counting.
local function is_counted(seq)
  if not books.uncounted then
    return true
  end
  local reached, newest = books.uncounted:match('^(%d+) (%d+)$')
  return seq <= reached or seq > newest
end

-- One more record of this state and size in a lane, or one less.
local function tally(lane, state, seq, size, records)
  if is_counted(seq) then
    local counts, place = tally_of(book(LANE .. lane)), PLACES[state]
    counts[place] = math.max(counts[place] + records, 0)
    if state ~= 'done' then
      counts[BYTES] = math.max(counts[BYTES] + records * size, 0)
    end
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

-- Greater than every fence before, also if this server lost some of the last: the caller knows one, and its clock went on
-- meanwhile.
local function next_fence()
  local fence = int(math.max(math.max(book_number('fence'), GIVEN_FENCE) + 1, micros))
  put('fence', fence)
  return fence
end
