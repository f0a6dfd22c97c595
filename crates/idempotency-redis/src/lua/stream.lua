-- Shared: putting a record on a stream of this server in the step that accepts it.

-- A stream, and the fields of an entry: each is a list of texts, between which stand names of what only the store knows.
-- The stream's key isn't declared: where the server doesn't allow it here (no right, another server of a cluster, another
-- type) only the XADD fails, before anything is written, and the record waits for whoever hands on the lane's records.
local function read_stream()
  local key, most = optional_arg(), optional_arg()
  if not key then
    return nil
  end
  local stream = { key = key, most = most, fields = {} }
  for i = 1, number_arg() do
    stream.fields[i] = { name = arg(), pieces = list_arg() }
  end
  return stream
end

local ESCAPED = {
  ['"'] = '\\"', ['\\'] = '\\\\', ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t',
}

-- As the records' readers write JSON: cjson would escape more.
local function json_text(text)
  return '"' .. text:gsub('[%z\1-\31"\\]', function(c)
    return ESCAPED[c] or string.format('\\u%04x', c:byte())
  end) .. '"'
end

local function json_texts(list)
  local texts = {}
  for i, each in ipairs(list) do
    texts[i] = json_text(each)
  end
  return '[' .. table.concat(texts, ',') .. ']'
end

-- Gives the new entry's id; nil if the stream didn't take it, or if an earlier record of the group still waits.
local function put_on_stream(stream, r, flags, fence)
  if r.group and first_of(group_of(r)) then
    return nil
  end
  local known = {
    seq = int(tonumber(r.seq)), key = r.key, ['key-json'] = json_text(r.key), ['flags-json'] = json_texts(flags),
    fence = fence,
  }
  local call = { 'XADD', stream.key, '*' }
  if stream.most then
    call = { 'XADD', stream.key, 'MAXLEN', '~', stream.most, '*' }
  end
  for _, field in ipairs(stream.fields) do
    local pieces = field.pieces
    for i = 2, #pieces, 2 do
      pieces[i] = known[pieces[i]]
    end
    call[#call + 1] = field.name
    call[#call + 1] = table.concat(pieces)
  end
  local id = redis.pcall(unpack(call))
  return type(id) == 'string' and id or nil
end
