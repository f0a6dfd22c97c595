-- One step of the operation `purge`.
local retention, marks_retention, most = number_arg(), number_arg(), number_arg()

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

-- After a jump of the clock what seems to be old may be new.
if now < book_number('purge-after') then
  return { 0, 0 }
end
local records = 0
for _, seq in ipairs(redis.call('ZRANGEBYSCORE', DONE, '-inf', int(earlier(retention)), 'LIMIT', 0, most)) do
  local fine = readable(function()
    local r = must_load(seq)
    remove(r.state == 'done' and r or corrupt('state'))
    if r.mark then
      put_mark(r.hash, r.fp, seq)
    end
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
