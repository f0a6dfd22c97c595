-- Shared: how an entry meets what is stored. All that can go wrong is read before the first write.
local MOST_SIBLINGS = 16
local CHANGED = 'changed'

-- How two fingerprints compare; the greater the more alike. Those of different versions can't be compared, and the names
-- agree, so they count as the same content.
local DIFFERENT, UNKNOWN, EQUAL = 0, 1, 2

local function likeness(one, other)
  if one:byte(1) ~= other:byte(1) then
    return UNKNOWN
  end
  return one == other and EQUAL or DIFFERENT
end

local function read_entry()
  local e = {
    key = arg(), hash = arg(), older_keys = list_arg(), older_hashes = list_arg(), aliases = list_arg(),
    fp = arg(), suffix = arg(), body = arg(), kind = arg(), rest = arg(), id = optional_arg(), numbers = list_arg(),
    flags = list_arg(), lane = arg(), group = optional_arg(), parks_changed = arg() == '1', parked = arg() == '1',
    most = number_arg(), mark = arg() == '1',
  }
  local cap = list_arg()
  e.most_records, e.most_bytes = tonumber(cap[1]), tonumber(cap[2])
  e.keys, e.hashes = { e.key, unpack(e.older_keys) }, { e.hash, unpack(e.older_hashes) }
  return e
end

-- Of the records that names of one kind lead to, the one most like the entry, of equals the first.
local function most_alike(index, names, fp)
  local best, best_like
  if #names == 0 then
    return nil
  end
  for _, seq in ipairs(redis.call('HMGET', index, unpack(names))) do
    local r = seq and must_load(seq)
    local like = r and likeness(r.fp, fp)
    if like and (not best or like > best_like) then
      best, best_like = r, like
    end
  end
  return best, best_like
end

-- Of several, the one most like the content, of equals the oldest.
local function likest_mark(hash, fp)
  local best
  for _, mark in ipairs(marks_under(hash)) do
    local found = { seq = mark:sub(-16), fp = mark:sub(33, 65) }
    found.like = likeness(found.fp, fp)
    if not best or found.like > best.like or (found.like == best.like and found.seq < best.seq) then
      best = found
    end
  end
  return best
end

local function marked(hash, mark)
  put_mark(hash, mark.fp, mark.seq)
  return 'marked', { seq = mark.seq }
end

-- The record has further names from now on, unless somebody has them.
local function add_aliases(r, aliases)
  local added = json_list(r.more)
  local before = #added
  for _, alias in ipairs(aliases) do
    if redis.call('HSETNX', ALIASES, alias, r.seq) == 1 then
      added[#added + 1] = alias
    end
  end
  if #added > before then
    write(r, { more = added })
  end
end

local function duplicate(e, r)
  see(r)
  add_aliases(r, e.aliases)
  return 'known', r
end

local function each_once(list)
  local kept = {}
  for _, each in ipairs(list) do
    if not contains(kept, each) then
      kept[#kept + 1] = each
    end
  end
  return kept
end

local function has_room(e)
  if not e.most_records then
    return true
  end
  local held = redis.call('HGET', HELD, e.lane) or 0
  local bytes = redis.call('HGET', HELD_BYTES, e.lane) or 0
  return tonumber(held) < e.most_records and tonumber(bytes) + #e.body <= e.most_bytes
end

-- Adds the record. Its names come last: were the script to break off, no name would lead to a record that isn't there.
local function insert(e, root, changed)
  if not has_room(e) then
    return 'full'
  end
  if changed then
    e.flags[#e.flags + 1] = CHANGED
  end
  local flags = each_once(e.flags)
  local parked = e.parked or (changed and e.parks_changed)
  local seq = padded(redis.call('HINCRBY', META, 'seq', 1))
  local r = { seq = seq, size = #e.body }
  redis.call('MSET', HEAD .. seq, '[' .. cjson.encode(e.key) .. ',' .. e.rest .. ']', BODY .. seq, e.body)
  write(r, {
    state = parked and 'parked' or 'ready', gen = 1, tries = 0, most = e.most, at = now, seen = now, due = now,
    fp = e.fp, hash = e.hash, root = root or false, lane = e.lane, group = e.group or false, kind = e.kind,
    size = r.size, mark = e.mark and '1' or false, flags = #flags > 0 and flags or false,
  })
  r.flags, r.notes = flags, {}
  redis.call('SADD', KINDS, e.kind)
  enter(r)
  if r.state == 'ready' then
    start_waiting(r, r.due)
  end
  hold(r, 1)
  count_in_span(seq, now, 1)
  add_terms(terms_of(seq, e.id, e.numbers, flags))
  if root then
    redis.call('HINCRBY', SIBLINGS, root, 1)
  end
  -- When a lane's sink is a stream on this server, its XADD belongs here: the record is Done at once, in the same step.
  redis.call('HSET', NAMES, e.key, seq)
  for _, alias in ipairs(e.aliases) do
    redis.call('HSETNX', ALIASES, alias, seq)
  end
  return changed and 'changed' or 'new', r
end
