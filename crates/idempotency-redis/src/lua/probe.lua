-- The operation `probe`: accepts an entry, reads it back and removes it, with every command that writes, so that a user
-- who may not use one of them is found here. Nothing is left of it, not even its number.
local e = read_entry()

-- What another accept would write to.
local function check_types()
  if not are_fixed_keys_right() then
    corrupt('type')
  end
  local function check(key)
    if not is_of_type(key, 'zset') then
      corrupt('type')
    end
  end
  for _, field in ipairs(redis.call('HKEYS', META)) do
    local lane = field:sub(1, #LANE) == LANE and field:sub(#LANE + 1)
    local kind = field:sub(1, #KIND) == KIND and field:sub(#KIND + 1)
    if lane then
      check(due_key(lane))
    end
    for state in pairs(kind and STATES or {}) do
      check(kind_key(state, kind))
    end
  end
end

local function check_same(r)
  local found = by_name(e.key)
  check_content(r)
  if not found or found.seq ~= r.seq or redis.call('GET', BODY .. r.seq) ~= e.body then
    corrupt('probe')
  end
end

check_types()
local kept, newest = {}, chunk_of(book_number('seq'))
for _, field in ipairs({ 'seq', 'fence', 'span', LANE .. e.lane, KIND .. e.kind }) do
  kept[field] = book(field) or false
end
local how, r = settle(e)
if how == 'full' or how == 'marked' then
  corrupt('probe')
end
check_same(r)
save_books()
if r.state ~= 'done' then
  go(r, 'done', { done = now })
end
remove(r)
redis.call('SADD', PARKED, 'probe')
redis.call('SREM', PARKED, 'probe')
redis.call('HINCRBY', SIBLINGS, 'probe', 1)
redis.call('HDEL', SIBLINGS, 'probe')
if chunk_of(book_number('seq')) ~= newest then
  redis.call('HDEL', SPANS, int(newest))
end
for field, value in pairs(kept) do
  put(field, value)
end
return 'done'
