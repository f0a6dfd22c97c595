-- Shared: accepting an entry.

-- The key of the record that had it first, which may be gone.
local function root_key(r)
  local key = head_of(r)[1]
  return r.root and key:match('^(.*)~') or key
end

-- Some name of the entry is known. In any case its record was seen.
local function known_name(e, known, like)
  if like > DIFFERENT then
    return duplicate(e, known)
  end
  -- Other content: is it the first record's, a sibling's that is there, or a purged one's?
  local first = known.root and load(known.root)
  if first and likeness(first.fp, e) > DIFFERENT then
    see(known)
    return duplicate(e, first)
  end
  local root_name, is_taken = root_key(known), false
  for i, suffix in ipairs(e.suffixes) do
    local sibling = by_name(root_name .. suffix)
    if sibling and likeness(sibling.fp, e) > DIFFERENT then
      see(known)
      return duplicate(e, sibling)
    end
    is_taken = is_taken or (i == 1 and sibling)
  end
  see(known)
  if is_taken then
    -- The first 64 bits of two digests agree. Nothing is merged.
    return 'full'
  end
  local mark = likest_mark(marks_of(known.hash), e)
  if mark and mark.like == EQUAL then
    return marked(known.hash, mark)
  end
  local root = known.root or known.seq
  if tonumber(redis.call('HGET', SIBLINGS, root) or 0) >= MOST_SIBLINGS then
    return 'full'
  end
  e.key, e.hash = root_name .. e.suffixes[1], known.hash
  return insert(e, root, true)
end

local function unknown_names(e)
  local changed = false
  for i, hash in ipairs(e.hashes) do
    -- The record that had the key first may be gone while its sibling is still here.
    for at = (i - 1) * #e.suffixes + 1, i * #e.suffixes do
      local sibling = e.found.siblings[at] and must_load(e.found.siblings[at])
      if sibling and likeness(sibling.fp, e) > DIFFERENT then
        return duplicate(e, sibling)
      end
    end
    local mark = likest_mark(e.found.marks[i] or '', e)
    if mark and mark.like > DIFFERENT then
      return marked(hash, mark)
    end
    changed = changed or mark ~= nil
  end
  return insert(e, nil, changed)
end

-- 'new', 'known' or 'changed' and the record; 'marked' and a number; 'full'.
local function settle(e)
  e.found = look_up(e)
  local known, like = most_alike(e.found.aliases, e)
  if not known then
    known, like = most_alike(e.found.keys, e)
  end
  if known then
    return known_name(e, known, like)
  end
  return unknown_names(e)
end
