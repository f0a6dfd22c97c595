-- One step of the operation `purge`.
local retention, marks_retention, most = number_arg(), number_arg(), number_arg()

-- Removes the names that lead to this record; another one may have got an alias first.
local function remove_aliases(seq, aliases)
  for _, alias in ipairs(aliases) do
    if redis.call('HGET', NAMES, ALIAS .. alias) == seq then
      redis.call('HDEL', NAMES, ALIAS .. alias)
    end
  end
end

local function remove(r)
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
  if r.mark then
    put_mark(r.hash, r.fp, seq)
  end
end

local function remove_mark(hash, fp, seq)
  local left = {}
  for _, mark in ipairs(each_mark(marks_of(hash))) do
    if mark.fp ~= fp or mark.seq ~= seq then
      left[#left + 1] = mark.fp .. mark.seq
    end
  end
  if #left > 0 then
    redis.call('HSET', NAMES, MARKS .. hash, table.concat(left))
  else
    redis.call('HDEL', NAMES, MARKS .. hash)
  end
end

local records = 0
for _, seq in ipairs(redis.call('ZRANGEBYSCORE', DONE, '-inf', int(earlier(retention)), 'LIMIT', 0, most)) do
  local fine = readable(function()
    local r = must_load(seq)
    remove(r.state == 'done' and r or corrupt('state'))
  end)
  if fine then
    records = records + 1
  else
    set_aside(seq, nil)
  end
end

local old = redis.call('ZRANGEBYSCORE', MARK_TIMES, '-inf', int(earlier(marks_retention)), 'LIMIT', 0, most)
for _, mark in ipairs(old) do
  redis.call('ZREM', MARK_TIMES, mark)
  remove_mark(mark:sub(17, 48), mark:sub(49), mark:sub(1, 16))
end
return { records, #old }
