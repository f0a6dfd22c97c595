-- Shared: what records are found by when they are listed, and marks.

local function term(what, value, seq)
  return what .. part(value) .. seq
end

-- The terms of a record: its numbers, its id, its flags.
local function terms_of(seq, id, numbers, flags)
  local terms = {}
  for _, value in ipairs(numbers) do
    terms[#terms + 1] = term('n', value, seq)
  end
  if type(id) == 'string' then
    terms[#terms + 1] = term('i', id, seq)
  end
  for _, flag in ipairs(flags) do
    terms[#terms + 1] = term('f', flag, seq)
  end
  return terms
end

-- Lua passes some 8,000 arguments at most.
local MOST_ARGUMENTS = 2000

local function add_terms(terms)
  for from = 1, #terms, MOST_ARGUMENTS do
    local pairs_of = {}
    for i = from, math.min(from + MOST_ARGUMENTS - 1, #terms) do
      pairs_of[#pairs_of + 1] = 0
      pairs_of[#pairs_of + 1] = terms[i]
    end
    redis.call('ZADD', TERMS, unpack(pairs_of))
  end
end

local function contains(list, wanted)
  for _, each in ipairs(list) do
    if each == wanted then
      return true
    end
  end
  return false
end

-- The marks of one key stand one after the other: fingerprint (33 bytes), number (16).
local function each_mark(text)
  local marks = {}
  for at = 1, #text, 49 do
    marks[#marks + 1] = { fp = text:sub(at, at + 32), seq = text:sub(at + 33, at + 48) }
  end
  return marks
end

local function marks_of(hash)
  return redis.call('HGET', NAMES, MARKS .. hash) or ''
end

-- Writes a mark of this time, or renews the equal one that is there.
local function put_mark_at(hash, fp, seq, at)
  local text, there = marks_of(hash), false
  for _, mark in ipairs(each_mark(text)) do
    if mark.fp == fp then
      seq, there = mark.seq, true
    end
  end
  if not there then
    redis.call('HSET', NAMES, MARKS .. hash, text .. fp .. seq)
  end
  has_changed = true
  redis.call('ZADD', MARK_TIMES, at, seq .. hash .. fp)
end

local function put_mark(hash, fp, seq)
  put_mark_at(hash, fp, seq, int(now))
end
