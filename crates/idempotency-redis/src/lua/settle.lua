-- Shared: how an entry meets what is stored. All that can go wrong is read before the first write.
local MOST_SIBLINGS = 16
local CHANGED = 'changed'

-- How a stored fingerprint compares with the entry's of the same version; the greater the more alike. If the entry has
-- none of that version they can't be compared, and the names agree, so they count as the same content.
local DIFFERENT, UNKNOWN, EQUAL = 0, 1, 2

local function likeness(stored, e)
  for _, own in ipairs(e.fps) do
    if own:byte(1) == stored:byte(1) then
      return own == stored and EQUAL or DIFFERENT
    end
  end
  return UNKNOWN
end

local function read_entry()
  local e = {
    key = arg(), hash = arg(), older_keys = list_arg(), older_hashes = list_arg(), aliases = list_arg(),
    fps = list_arg(), suffixes = list_arg(), body = arg(), kind = arg(), rest = arg(), id = optional_arg(), numbers = list_arg(),
    flags = list_arg(), lane = arg(), group = optional_arg(), parks_changed = optional_arg(), parked = optional_arg(),
    most = arg(), mark = arg() == '1',
  }
  local cap = list_arg()
  e.most_records, e.most_bytes = tonumber(cap[1]), tonumber(cap[2])
  e.fp = e.fps[1]
  e.keys, e.hashes = { e.key, unpack(e.older_keys) }, { e.hash, unpack(e.older_hashes) }
  return e
end

-- What the entry's names lead to, in one look: numbers under its aliases, under its keys, under what a sibling of each
-- key would be called by each fingerprint; marks under the keys' hashes. `false` where there is nothing.
local function look_up(e)
  local names, from = {}, 0
  local function add(prefix, list, suffix)
    for _, each in ipairs(list) do
      names[#names + 1] = prefix .. each .. suffix
    end
  end
  add(ALIAS, e.aliases, '')
  add(KEY, e.keys, '')
  for _, key in ipairs(e.keys) do
    for _, suffix in ipairs(e.suffixes) do
      names[#names + 1] = KEY .. key .. suffix
    end
  end
  add(MARKS, e.hashes, '')
  local all = redis.call('HMGET', NAMES, unpack(names))
  local function next_ones(count)
    from = from + count
    return { unpack(all, from - count + 1, from) }
  end
  return {
    aliases = next_ones(#e.aliases), keys = next_ones(#e.keys), siblings = next_ones(#e.keys * #e.suffixes),
    marks = next_ones(#e.hashes),
  }
end

-- Of the records with these numbers the one most like the entry, of equals the first.
local function most_alike(seqs, e)
  local best, best_like
  for _, seq in ipairs(seqs) do
    local r = seq and must_load(seq)
    local like = r and likeness(r.fp, e)
    if like and (not best or like > best_like) then
      best, best_like = r, like
    end
  end
  return best, best_like
end

-- Of several, the one most like the content, of equals the oldest.
local function likest_mark(marks, e)
  local best
  for _, mark in ipairs(each_mark(marks)) do
    mark.like = likeness(mark.fp, e)
    if not best or mark.like > best.like or (mark.like == best.like and mark.seq < best.seq) then
      best = mark
    end
  end
  return best
end

local function marked(hash, mark)
  put_mark(hash, mark.fp, mark.seq)
  return 'marked', { seq = mark.seq }
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

-- Those of the entry's aliases that nobody has.
local function free_aliases(e)
  local free = {}
  for i, alias in ipairs(e.aliases) do
    if not e.found.aliases[i] then
      free[#free + 1] = alias
    end
  end
  return free
end

-- Names that lead to this record from now on.
local function name(seq, key, aliases)
  local pairs_of = {}
  if key then
    pairs_of = { KEY .. key, seq }
  end
  for _, alias in ipairs(aliases) do
    pairs_of[#pairs_of + 1] = ALIAS .. alias
    pairs_of[#pairs_of + 1] = seq
  end
  redis.call('HSET', NAMES, unpack(pairs_of))
end

local function duplicate(e, r)
  local new = each_once(free_aliases(e))
  see(r)
  if #new > 0 then
    local more = json_list(r.more)
    for _, alias in ipairs(new) do
      more[#more + 1] = alias
    end
    write(r, { more = more })
    name(r.seq, nil, new)
  end
  return 'known', r
end

local function has_room(e)
  if not e.most_records then
    return true
  end
  local counts = tally_of(book(LANE .. e.lane))
  local waiting = counts[PLACES.ready] + counts[PLACES.leased] + counts[PLACES.parked]
  return waiting < e.most_records and counts[BYTES] + #e.body <= e.most_bytes
end

-- What breaks off in the middle (a command that this user may not use, a key of another type) was not accepted: it isn't
-- handed on, and the next try finds nothing of it. What it was counted in stays.
local function take_back(e, r, entry)
  if entry then
    redis.pcall('XDEL', e.stream.key, entry)
  end
  redis.pcall('ZREM', due_key(r.lane), r.seq)
  if r.group then
    redis.pcall('ZREM', GROUPS, group_of(r) .. r.seq)
  end
  local names = { KEY .. e.key }
  for _, alias in ipairs(free_aliases(e)) do
    names[#names + 1] = ALIAS .. alias
  end
  redis.pcall('HDEL', NAMES, unpack(names))
  for state, index in pairs({ ready = READY, done = DONE, parked = PARKED }) do
    redis.pcall(state == 'parked' and 'SREM' or 'ZREM', index, r.seq)
    redis.pcall('ZREM', kind_key(state, e.kind), r.seq)
  end
  redis.pcall('DEL', RECORD .. r.seq, HEAD .. r.seq, BODY .. r.seq)
end

-- Adds the record.
local function insert(e, root, changed)
  if not has_room(e) then
    return 'full'
  end
  if changed then
    e.flags[#e.flags + 1] = CHANGED
  end
  local flags = each_once(e.flags)
  local parked = changed and e.parks_changed or e.parked
  local number = book_number('seq') + 1
  local seq = padded(number)
  local r = {
    seq = seq, key = e.key, lane = e.lane, group = e.group, kind = e.kind, gen = 1, tries = 0, most = tonumber(e.most),
    at = now, seen = now, due = now, size = #e.body, fp = e.fp, hash = e.hash, root = root, flags = flags, notes = {},
    error = parked or nil,
  }
  local entry, fence
  local function keep()
    r.state = entry and 'done' or parked and 'parked' or 'ready'
    advance(number)
    join_span()
    if entry then
      r.done, r.outcome, r.tries, r.fence = now, entry, 1, fence
    end
    if not book(KIND .. e.kind) then
      put(KIND .. e.kind, '1')
    end
    redis.call('MSET', HEAD .. seq, '[' .. cjson.encode(e.key) .. ',' .. e.rest .. ']', BODY .. seq, e.body)
    local time = int(now)
    local fields = {
      'state', r.state, 'gen', '1', 'tries', entry and '1' or '0', 'most', e.most, 'at', time, 'seen', time,
      'due', time, 'fp', e.fp, 'hash', e.hash, 'lane', e.lane, 'kind', e.kind, 'size', #e.body,
    }
    local function add(field, value)
      if value then
        fields[#fields + 1] = field
        fields[#fields + 1] = value
      end
    end
    add('root', root)
    add('group', e.group)
    add('mark', e.mark and '1')
    add('flags', #flags > 0 and cjson.encode(flags))
    add('error', parked)
    if entry then
      add('fence', fence)
      add('done', time)
      add('outcome', entry)
    end
    redis.call('HSET', RECORD .. seq, unpack(fields))
    enter(r)
    add_terms(terms_of(seq, e.id, e.numbers, flags))
    if root then
      redis.call('HINCRBY', SIBLINGS, root, 1)
    end
    name(seq, e.key, free_aliases(e))
    if r.state == 'ready' then
      start_waiting(r, now)
    end
  end
  if e.stream and not parked then
    -- The first write: if it fails nothing was written.
    fence = next_fence()
    entry = put_on_stream(e.stream, r, flags, fence)
  end
  local fine, why = pcall(keep)
  if not fine then
    take_back(e, r, entry)
    error(type(why) == 'table' and why or { err = 'ERR ' .. why })
  end
  return changed and 'changed' or 'new', r
end
