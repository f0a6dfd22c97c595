-- Shared: removes records.

local function remove_terms(terms)
  for from = 1, #terms, MOST_ARGUMENTS do
    redis.call('ZREM', TERMS, unpack(terms, from, math.min(from + MOST_ARGUMENTS - 1, #terms)))
  end
end

-- One record less in a chunk of numbers.
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

-- Removes the names that lead to this record; another one may have got an alias first.
local function remove_aliases(seq, aliases)
  for _, alias in ipairs(aliases) do
    if redis.call('HGET', NAMES, ALIAS .. alias) == seq then
      redis.call('HDEL', NAMES, ALIAS .. alias)
    end
  end
end

-- Removes a record that is Done, and what leads to it.
local function remove(r)
  has_changed = true
  local key, id, numbers, aliases = unpack(head_of(r))
  local seq = r.seq
  local more = json_list(r.more)
  if redis.call('HGET', NAMES, KEY .. key) == seq then
    redis.call('HDEL', NAMES, KEY .. key)
  end
  remove_aliases(seq, aliases)
  remove_aliases(seq, more)
  leave(r.state, r.claim, r)
  remove_terms(terms_of(seq, id, numbers, r.flags))
  leave_span(seq)
  if r.root and redis.call('HINCRBY', SIBLINGS, r.root, -1) <= 0 then
    redis.call('HDEL', SIBLINGS, r.root)
  end
  redis.call('DEL', RECORD .. seq, HEAD .. seq, BODY .. seq)
end
