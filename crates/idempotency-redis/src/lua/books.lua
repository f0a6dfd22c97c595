-- Shared: the store's books, fields of META that are read together and written together where a record is added: the last
-- number and fence, what lanes hold, which kinds of event there are, and the span of the numbers given last.
local HELD, KIND = 'held:', 'kind:'
-- Numbers are counted in chunks, so that records of some time are found by their numbers.
local CHUNK = 1024

-- Records and bytes of bodies that a lane holds and that aren't Done.
local function held(text)
  local records, bytes = (text or ''):match('^(%d+) (%d+)$')
  return tonumber(records or 0), tonumber(bytes or 0)
end

local function held_with(text, records, size)
  local before, bytes = held(text)
  return int(math.max(before + records, 0)) .. ' ' .. int(math.max(bytes + records * size, 0))
end

-- One more or one less.
local function hold(r, records)
  local field = HELD .. r.lane
  redis.call('HSET', META, field, held_with(redis.call('HGET', META, field), records, r.size))
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
  return int(count) .. ' ' .. int(first) .. ' ' .. int(last)
end

-- The span of the newest chunk is in the books; it is put with the others when the next one begins.
local function span_with(text, seq)
  if (seq - 1) % CHUNK == 0 then
    if text and not text:match('^0 ') then
      redis.call('HSET', SPANS, int(chunk_of(seq - 1)), text)
    end
    text = nil
  end
  local count, first, last = span_of(text)
  return span_text(count + 1, math.min(first, now), math.max(last, now))
end

-- One less.
local function leave_span(seq)
  local chunk = chunk_of(seq)
  local key, field = SPANS, int(chunk)
  if chunk == chunk_of(redis.call('HGET', META, 'seq') or 0) then
    key, field = META, 'span'
  end
  local count, first, last = span_of(redis.call('HGET', key, field))
  if count > 1 or key == META then
    redis.call('HSET', key, field, span_text(math.max(count - 1, 0), first, last))
  else
    redis.call('HDEL', key, field)
  end
end
