-- Shared: names of keys, arguments, numbers, the store's books, its time. Every script begins with this.
--
-- All keys of a store are under one hash tag. Those with fixed names are declared as KEYS. The keys of a single record,
-- of a lane and of a kind are put together here under the same tag, since which of them are needed comes out of what
-- is stored. What is kept where: keys.md.
local META, NAMES, SIBLINGS = KEYS[1], KEYS[2], KEYS[3]
local READY, LEASED, DONE, PARKED, ASIDE = KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local GROUPS, TERMS, SPANS, MARK_TIMES = KEYS[9], KEYS[10], KEYS[11], KEYS[12]

-- What the fields of NAMES begin with.
local KEY, ALIAS, MARKS = 'k', 'a', 'm'

-- What every call begins with: the tag; the time of a test's clock (empty: this server's counts); the id of the store
-- that the caller opened (empty while it opens it); the greatest number and fence that it was given; where it expects the
-- store's time to be, if it knows.
local BASE, WALL, EXPECTED_ID, ESTIMATE = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[6])
local GIVEN_SEQ, GIVEN_FENCE = tonumber(ARGV[4]), tonumber(ARGV[5])
local RECORD, HEAD, BODY = BASE .. 'r:', BASE .. 'h:', BASE .. 'b:'

local function due_key(lane)
  return BASE .. 'due:' .. lane
end

local function kind_key(state, kind)
  return BASE .. 'k:' .. state .. ':' .. kind
end

-- Arguments are read one after the other; a list is preceded by its length, an optional one is a list of none or one.
local read = 6

local function arg()
  read = read + 1
  return ARGV[read]
end

local function number_arg()
  return tonumber(arg())
end

local function list_arg()
  local list = {}
  for i = 1, number_arg() do
    list[i] = arg()
  end
  return list
end

local function optional_arg()
  return list_arg()[1]
end

-- Lua writes large numbers as 1e+15.
local function int(number)
  return string.format('%d', number)
end

-- A record's number as it stands everywhere: texts of one length sort like numbers.
local function padded(number)
  return string.format('%016d', number)
end

-- A text that can't be mistaken for the beginning of another one.
local function part(text)
  return #text .. ':' .. text
end

-- What can be wrong is looked at before anything is written, but for when a key was seen.
local function corrupt(what)
  error({ err = 'CORRUPT ' .. what })
end

-- The store's books are the fields of META. They are read once, those that every script needs and those that the caller
-- named in one go, and written once, at the end (finish.lua).
local books, unsaved, has_changed = {}, {}, false

local function open_books(more)
  local fields = { 'id', 'seq', 'fence', 'last', 'uncounted', 'copying', unpack(more) }
  local values = redis.call('HMGET', META, unpack(fields))
  for i = 1, #fields do
    books[fields[i]] = values[i]
  end
end

-- A field's text, or nil.
local function book(field)
  if books[field] == nil then
    books[field] = redis.call('HGET', META, field)
  end
  return books[field] or nil
end

local function book_number(field)
  return tonumber(book(field) or 0)
end

-- `false` removes the field.
local function put(field, value)
  books[field], unsaved[field], has_changed = value, true, true
end

local function save_books()
  local set, gone = {}, {}
  for field in pairs(unsaved) do
    if books[field] then
      set[#set + 1] = field
      set[#set + 1] = books[field]
    else
      gone[#gone + 1] = field
    end
  end
  if #set > 0 then
    redis.call('HSET', META, unpack(set))
  end
  if #gone > 0 then
    redis.call('HDEL', META, unpack(gone))
  end
  unsaved = {}
end

-- Times are milliseconds since 1970. `micros` is the same in microseconds.
local FIRST, LAST = 0, 253402300799999
local MINUTE, HOUR = 60000, 3600000
local now, micros
local is_behind, jump = false, 0

local function later(span)
  return math.min(now + span, LAST)
end

local function earlier(span)
  return math.max(now - span, FIRST)
end

-- The store's time never goes back. While the clock is behind the store's last time, it goes on by the caller's monotonic
-- clock. A clock that is over an hour ahead has jumped: nothing is purged for 25 hours.
local function read_time()
  local wall
  if WALL == '' then
    local time = redis.call('TIME')
    micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
    wall = math.floor(micros / 1000)
  else
    wall = tonumber(WALL)
    micros = wall * 1000
  end
  local last = tonumber(books.last or nil)
  local base = last and math.max(last, ESTIMATE or last) or ESTIMATE
  is_behind = last ~= nil and wall < last
  now = is_behind and base or wall
  micros = math.max(micros, now * 1000)
  if base and wall > base + HOUR then
    jump = wall - base
  end
end
