-- Shared: reading whole records.

-- Looked at before a record is handed out.
local function check_content(r)
  head_of(r)
  if redis.pcall('STRLEN', BODY .. r.seq) ~= r.size then
    corrupt('body')
  end
end

-- Runs `step` on a record. Gives whether it could be read, and what the step gave.
local function readable(step)
  local fine, result = pcall(step)
  if fine then
    return true, result
  end
  -- The server's pcall gives the text alone, Lua's own the table.
  local text = type(result) == 'table' and result.err or result
  if type(text) == 'string' and text:sub(1, 8) == 'CORRUPT ' then
    return false
  end
  error({ err = text })
end

-- The record as it is answered.
local function whole(seq)
  return { seq, redis.call('HGETALL', RECORD .. seq), redis.call('GET', HEAD .. seq), redis.call('GET', BODY .. seq) }
end
