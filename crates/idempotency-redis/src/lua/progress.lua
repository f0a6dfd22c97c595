-- Shared: the transitions of a record.
local ATTEMPTS_USED_UP = 'attempts used up'
local MOST_COUNTED = 4294967295
local MAX_NOTES = 50

-- Leased, and the lease isn't over.
local function is_held(r)
  return r.state == 'leased' and now < r.lease
end

local function is_used_up(r)
  return r.state == 'leased' and r.tries >= r.most
end

-- A lease that is over but wasn't taken is still its holder's.
local function is_of(r, fence)
  return r ~= nil and r.state == 'leased' and r.fence == fence
end

-- A lease lasts a millisecond at least.
local function lease_end(span)
  return later(math.max(span, 1))
end

local function claim(r, id, span)
  change(r, {
    state = 'leased',
    tries = math.min(r.tries + 1, MOST_COUNTED),
    fence = next_fence(),
    claim = id,
    lease = lease_end(span),
  })
end

-- To another state than Leased, with further changes.
local function go(r, state, changes)
  changes.state = state
  changes.claim = false
  changes.lease = false
  change(r, changes)
end

local function give_up(r)
  go(r, 'parked', { error = ATTEMPTS_USED_UP })
end

-- The record's history with one more line of what an operator did: the first line and the latest.
local function noted(r, what, actor, reason)
  local notes = r.notes
  notes[#notes + 1] = { int(now), what, actor, reason }
  while #notes > MAX_NOTES do
    table.remove(notes, 2)
  end
  return notes
end

-- The fence of whoever holds the record is void from now on.
local function void_fence(r)
  return r.state == 'leased' and next_fence() or r.fence
end
