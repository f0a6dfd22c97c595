-- Shared: names of keys, arguments, numbers, the time.
--
-- All keys of a store are under one hash tag. Those with fixed names are declared as KEYS. The keys of a single record,
-- of a lane and of a kind are put together here under the same tag, since which of them are needed comes out of what
-- is stored. What is kept where: keys.md.
local META, NAMES, SIBLINGS = KEYS[1], KEYS[2], KEYS[3]
local READY, LEASED, DONE, PARKED, ASIDE = KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local GROUPS, TERMS, SPANS, MARK_TIMES = KEYS[9], KEYS[10], KEYS[11], KEYS[12]

-- What the fields of NAMES begin with.
local KEY, ALIAS, MARKS = 'k', 'a', 'm'

local BASE = ARGV[1]
local RECORD, HEAD, BODY = BASE .. 'r:', BASE .. 'h:', BASE .. 'b:'

local function due_key(lane)
  return BASE .. 'due:' .. lane
end

local function kind_key(state, kind)
  return BASE .. 'k:' .. state .. ':' .. kind
end

-- Arguments are read one after the other; a list is preceded by its length, an optional one is a list of none or one.
local read = 2

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

-- Milliseconds and microseconds since 1970 by this server's clock. Tests bring their own.
local FIRST, LAST = 0, 253402300799999
local now, micros
if ARGV[2] == '' then
  local time = redis.call('TIME')
  micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
  now = math.floor(micros / 1000)
else
  now = tonumber(ARGV[2])
  micros = now * 1000
end

local function later(span)
  return math.min(now + span, LAST)
end

local function earlier(span)
  return math.max(now - span, FIRST)
end
