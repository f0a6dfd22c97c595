-- Shared: reading and writing records.
local NUMBERS = { 'gen', 'tries', 'most', 'due', 'at', 'seen', 'size' }
local STATES = { ready = true, leased = true, done = true, parked = true }

local function json_list(text)
  if text == nil then
    return {}
  end
  local fine, list = pcall(cjson.decode, text)
  if not fine or type(list) ~= 'table' then
    corrupt('list')
  end
  return list
end

-- The record of this number; nil if there is none. Everything that scripts rely on is checked here.
local function load(seq)
  local flat = redis.pcall('HGETALL', RECORD .. seq)
  if flat.err then
    corrupt('type')
  end
  if #flat == 0 then
    return nil
  end
  local r = { seq = seq }
  for i = 1, #flat, 2 do
    r[flat[i]] = flat[i + 1]
  end
  if r.state == 'aside' then
    corrupt('aside')
  end
  if not STATES[r.state] or not r.fp or #r.fp ~= 33 or not r.hash or not r.lane or not r.kind then
    corrupt('field')
  end
  for _, field in ipairs(NUMBERS) do
    r[field] = tonumber(r[field]) or corrupt('number')
  end
  for _, field in ipairs({ 'lease', 'done' }) do
    if r[field] then
      r[field] = tonumber(r[field]) or corrupt('number')
    end
  end
  if r.fence and not r.fence:match('^%d+$') then
    corrupt('number')
  end
  if r.state == 'leased' and not (r.fence and r.claim and r.lease) then
    corrupt('field')
  end
  r.flags = json_list(r.flags)
  r.notes = json_list(r.notes)
  return r
end

-- A record that a name or an index leads to.
local function must_load(seq)
  return load(seq) or corrupt('missing')
end

-- The record of this key.
local function by_name(name)
  local seq = redis.call('HGET', NAMES, KEY .. name)
  return seq and must_load(seq)
end

-- What stands in the head: key, id, numbers, aliases.
local function head_of(r)
  if not r.head then
    local text = redis.pcall('GET', HEAD .. r.seq)
    local fine, head = pcall(cjson.decode, text)
    if not fine or type(head) ~= 'table' or type(head[1]) ~= 'string' or type(head[3]) ~= 'table'
      or type(head[4]) ~= 'table' then
      corrupt('head')
    end
    r.head = head
  end
  return r.head
end

-- Changes fields here and in the database; `false` removes one.
local function write(r, changes)
  has_changed = true
  local set, gone = {}, {}
  for field, value in pairs(changes) do
    if value == false then
      if r[field] ~= nil then
        gone[#gone + 1] = field
      end
      r[field] = nil
    else
      r[field] = value
      if type(value) == 'number' then
        value = int(value)
      elseif type(value) == 'table' then
        value = cjson.encode(value)
      end
      set[#set + 1] = field
      set[#set + 1] = value
    end
  end
  redis.call('HSET', RECORD .. r.seq, unpack(set))
  if #gone > 0 then
    redis.call('HDEL', RECORD .. r.seq, unpack(gone))
  end
end
