-- Shared: what finds records by how they stand. What takes them out again: moving.lua.

local function group_of(r)
  return part(r.lane) .. part(r.group)
end

local function first_of(group)
  local first = redis.call('ZRANGEBYLEX', GROUPS, '[' .. group .. '0', '(' .. group .. ':', 'LIMIT', 0, 1)[1]
  return first and first:sub(-16)
end

-- When a record may be claimed by time alone; nil if it may not.
local function wakes_at(state, due, lease)
  if state == 'ready' then
    return due
  elseif state == 'leased' then
    return lease or FIRST
  end
end

-- Only the earliest of a group stands among the claimable, so that however many wait behind it slow no claim.
local function start_waiting(r, wake)
  local key = due_key(r.lane)
  if not r.group then
    redis.call('ZADD', key, int(wake), r.seq)
    return
  end
  local group = group_of(r)
  local first = first_of(group)
  redis.call('ZADD', GROUPS, 0, group .. r.seq)
  if first and first < r.seq then
    return
  end
  if first then
    redis.call('ZREM', key, first)
  end
  redis.call('ZADD', key, int(wake), r.seq)
end

local function idle_since(r)
  return math.max(r.done or FIRST, r.seen)
end

-- The record is in this state from now on.
local function enter(r)
  tally(r.lane, r.state, r.seq, r.size, 1)
  redis.call('ZADD', kind_key(r.state, r.kind), 0, r.seq)
  if r.state == 'ready' then
    redis.call('ZADD', READY, int(r.due), r.seq)
  elseif r.state == 'leased' then
    redis.call('ZADD', LEASED, 0, r.claim .. r.seq)
  elseif r.state == 'done' then
    redis.call('ZADD', DONE, int(idle_since(r)), r.seq)
  else
    redis.call('SADD', PARKED, r.seq)
  end
end

-- The record's key was seen again.
local function see(r)
  if now > r.seen then
    write(r, { seen = now })
    if r.state == 'done' then
      redis.call('ZADD', DONE, int(idle_since(r)), r.seq)
    end
  end
end
