-- Shared: removes records.

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
