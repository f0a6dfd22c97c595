-- Shared: what records are found by when they are listed, and marks.
local CHUNK = 1024

local function chunk_of(seq)
  return int(math.floor(tonumber(seq) / CHUNK))
end

-- One more or one less record of a chunk, accepted at `at`.
local function count_in_span(seq, at, by)
  local chunk = chunk_of(seq)
  local span = redis.call('HGET', SPANS, chunk) or ''
  local count, first, last = span:match('^(%d+) (%d+) (%d+)$')
  local earliest, latest = math.min(tonumber(first or at), at), math.max(tonumber(last or at), at)
  count = tonumber(count or 0) + by
  if count > 0 then
    redis.call('HSET', SPANS, chunk, int(count) .. ' ' .. int(earliest) .. ' ' .. int(latest))
  else
    redis.call('HDEL', SPANS, chunk)
  end
end

local function term(what, value, seq)
  return what .. part(value) .. seq
end

-- The terms of a record: its numbers, its id, its flags.
local function terms_of(seq, id, numbers, flags)
  local terms = {}
  for _, value in ipairs(numbers) do
    terms[#terms + 1] = term('n', value, seq)
  end
  if type(id) == 'string' then
    terms[#terms + 1] = term('i', id, seq)
  end
  for _, flag in ipairs(flags) do
    terms[#terms + 1] = term('f', flag, seq)
  end
  return terms
end

local function add_terms(terms)
  local pairs_of = {}
  for i, each in ipairs(terms) do
    pairs_of[2 * i - 1] = 0
    pairs_of[2 * i] = each
  end
  if #terms > 0 then
    redis.call('ZADD', TERMS, unpack(pairs_of))
  end
end

local function contains(list, wanted)
  for _, each in ipairs(list) do
    if each == wanted then
      return true
    end
  end
  return false
end

local BEHIND_ALL = string.rep('\255', 64)

local function marks_under(prefix)
  return redis.call('ZRANGEBYLEX', MARKS, '[' .. prefix, '[' .. prefix .. BEHIND_ALL)
end

-- Writes a mark, or renews the equal one that is there. A mark: hash (32 bytes), fingerprint (33), number (16).
local function put_mark(hash, fp, seq)
  local there = marks_under(hash .. fp)[1]
  if there then
    seq = there:sub(-16)
  else
    redis.call('ZADD', MARKS, 0, hash .. fp .. seq)
  end
  redis.call('ZADD', MARK_TIMES, int(now), seq .. hash .. fp)
end
