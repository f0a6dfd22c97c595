-- The operation `import`: puts a page of another store's records and marks where they are found. What is there already
-- stays. The first page makes an empty store a begun copy, the counters end it.
local source = arg()

local function is_empty()
  return book_number('seq') == 0
    and redis.call('EXISTS', NAMES, SIBLINGS, READY, LEASED, DONE, PARKED, ASIDE, GROUPS, TERMS, MARK_TIMES) == 0
end

local function put_record()
  local seq, fields = arg(), list_arg()
  local key, rest, body, aliases = arg(), arg(), arg(), list_arg()
  local id, numbers = optional_arg(), list_arg()
  if redis.call('EXISTS', RECORD .. seq) == 1 then
    return
  end
  redis.call('MSET', HEAD .. seq, '[' .. cjson.encode(key) .. ',' .. rest .. ']', BODY .. seq, body)
  redis.call('HSET', RECORD .. seq, unpack(fields))
  local r = must_load(seq)
  enter(r)
  put(KIND .. r.kind, '1')
  add_terms(terms_of(seq, id, numbers, r.flags))
  if r.root then
    redis.call('HINCRBY', SIBLINGS, r.root, 1)
  end
  redis.call('HSETNX', NAMES, KEY .. key, seq)
  for _, alias in ipairs(aliases) do
    redis.call('HSETNX', NAMES, ALIAS .. alias, seq)
  end
  local wake = wakes_at(r.state, r.due, r.lease)
  if wake then
    start_waiting(r, wake)
  end
  local chunk = int(chunk_of(seq))
  local count, first, last = span_of(redis.call('HGET', SPANS, chunk))
  redis.call('HSET', SPANS, chunk, span_text(count + 1, math.min(first, r.at), math.max(last, r.at)))
end

local function put_counters(seq, fence, last, purge_after)
  put('seq', int(math.max(book_number('seq'), seq)))
  put('fence', int(math.max(book_number('fence'), fence)))
  for field, value in pairs({ last = last, ['purge-after'] = purge_after }) do
    if tonumber(value) and tonumber(value) > book_number(field) then
      put(field, value)
    end
  end
  local newest = int(chunk_of(book_number('seq')))
  put('span', redis.call('HGET', SPANS, newest))
  redis.call('HDEL', SPANS, newest)
  put('copying', false)
  put('copied', source)
end

local records, marks = number_arg(), number_arg()
if book('copying') ~= source then
  -- The last page once more.
  if book('copied') == source and records == 0 and marks == 0 then
    return 'done'
  elseif book('copying') or not is_empty() then
    return 'full'
  end
  put('copying', source)
end
for _ = 1, records do
  put_record()
end
for _ = 1, marks do
  local seq, hash, fp, at = arg(), arg(), arg(), arg()
  put_mark_at(hash, fp, seq, at)
end
local counters = list_arg()
if #counters > 0 then
  put_counters(tonumber(counters[1]), tonumber(counters[2]), counters[3], counters[4])
end
return 'done'
