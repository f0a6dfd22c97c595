-- One step of the operation `list`: looks through so many candidates at most, so that nobody waits for long. Gives the
-- number under which to go on ('' when that was all), numbers that couldn't be read, and records.
local MOST_EXAMINED, MOST_BYTES, STRIDE = 2000, 4194304, 32

local merchant, event, variant, id = optional_arg(), optional_arg(), optional_arg(), optional_arg()
local number, flag, state = optional_arg(), optional_arg(), optional_arg()
local since, before = tonumber(optional_arg()), tonumber(optional_arg())
local below, most = arg(), number_arg()
local from = padded(0)

-- Narrows the numbers to those chunks in which something was accepted at the wanted time. Gives whether any is left.
local function narrow()
  local least, greatest
  local function look(chunk, span)
    local _, earliest, latest = span_of(span)
    if (not since or latest >= since) and (not before or earliest < before) then
      least = math.min(least or chunk, chunk)
      greatest = math.max(greatest or chunk, chunk)
    end
  end
  local spans, newest = redis.call('HGETALL', SPANS), book('span')
  for i = 1, #spans, 2 do
    look(tonumber(spans[i]), spans[i + 1])
  end
  if newest then
    look(chunk_of(book_number('seq')), newest)
  end
  if not least then
    return false
  end
  from = padded(least * CHUNK + 1)
  local over = padded((greatest + 1) * CHUNK + 1)
  below = over < below and over or below
  return true
end

-- Where candidates come from: the index that leaves the fewest.
local function sources()
  if number then
    return { { key = TERMS, prefix = term('n', number, '') } }
  elseif id then
    return { { key = TERMS, prefix = term('i', id, '') } }
  elseif flag then
    return { { key = TERMS, prefix = term('f', flag, '') } }
  end
  local found = {}
  for _, field in ipairs(redis.call('HKEYS', META)) do
    local kind = field:sub(1, #KIND) == KIND and field:sub(#KIND + 1)
    local names = kind and cjson.decode(kind)
    if names and (not merchant or names[1] == merchant) and (not event or names[2] == event)
      and (not variant or names[3] == variant) then
      for each in pairs(STATES) do
        if not state or each == state then
          found[#found + 1] = { key = kind_key(each, kind), prefix = '' }
        end
      end
    end
  end
  return found
end

local function refill(source)
  local top, bottom = '(' .. source.prefix .. source.below, '[' .. source.prefix .. from
  source.list = redis.call('ZREVRANGEBYLEX', source.key, top, bottom, 'LIMIT', 0, STRIDE)
  source.at = 1
  source.below = #source.list == STRIDE and source.list[STRIDE]:sub(-16) or nil
end

-- The newest candidate that wasn't given yet.
local function next_of(all)
  local best, best_seq
  for _, source in ipairs(all) do
    if source.at > #source.list and source.below then
      refill(source)
    end
    local member = source.list[source.at]
    local seq = member and member:sub(-16)
    if seq and (not best or seq > best_seq) then
      best, best_seq = source, seq
    end
  end
  if best then
    best.at = best.at + 1
  end
  return best_seq
end

local function passes(r)
  local kind, head = cjson.decode(r.kind), head_of(r)
  return (not merchant or kind[1] == merchant) and (not event or kind[2] == event)
    and (not variant or kind[3] == variant) and (not state or r.state == state)
    and (not since or r.at >= since) and (not before or r.at < before)
    and (not id or head[2] == id) and (not number or contains(head[3], number))
    and (not flag or contains(r.flags, flag))
end

if (since or before) and not narrow() then
  return { '', {}, {} }
end
local all = sources()
for _, source in ipairs(all) do
  source.below = below
  refill(source)
end
local unreadable, found, bytes, examined = {}, {}, 0, 0
while #found < most do
  local seq = next_of(all)
  if not seq then
    return { '', unreadable, found }
  end
  local fine, r = readable(function()
    local r = must_load(seq)
    check_content(r)
    return passes(r) and r
  end)
  if fine and r then
    found[#found + 1] = whole(seq)
    bytes = bytes + r.size
  elseif not fine then
    unreadable[#unreadable + 1] = seq
  end
  below, examined = seq, examined + 1
  if examined >= MOST_EXAMINED or bytes >= MOST_BYTES then
    break
  end
end
return { below, unreadable, found }
