-- Shared: keeps what finds records in step with every change of one.

-- If it was the earliest of its group, the next one stands among the claimable from now on.
local function stop_waiting(r)
  local key = due_key(r.lane)
  local was_first = redis.call('ZREM', key, r.seq) == 1
  if not r.group then
    return
  end
  local group = group_of(r)
  redis.call('ZREM', GROUPS, group .. r.seq)
  local next = was_first and first_of(group)
  if next then
    local fields = redis.pcall('HMGET', RECORD .. next, 'state', 'due', 'lease')
    local wake = not fields.err and wakes_at(fields[1], tonumber(fields[2]), tonumber(fields[3]))
    redis.call('ZADD', key, int(wake or FIRST), next)
  end
end

-- The record isn't in this state any more.
local function leave(state, claim, r)
  tally(r.lane, state, r.seq, r.size, -1)
  redis.call('ZREM', kind_key(state, r.kind), r.seq)
  if state == 'ready' then
    redis.call('ZREM', READY, r.seq)
  elseif state == 'leased' then
    redis.call('ZREM', LEASED, claim .. r.seq)
  elseif state == 'done' then
    redis.call('ZREM', DONE, r.seq)
  else
    redis.call('SREM', PARKED, r.seq)
  end
end

-- Changes a record, and the indexes with it.
local function change(r, changes)
  local state, claim = r.state, r.claim
  local woke = wakes_at(r.state, r.due, r.lease)
  write(r, changes)
  if state ~= r.state or claim ~= r.claim then
    leave(state, claim, r)
    enter(r)
  end
  local wake = wakes_at(r.state, r.due, r.lease)
  if wake and not woke then
    start_waiting(r, wake)
  elseif woke and not wake then
    stop_waiting(r)
  elseif wake ~= woke then
    -- XX: whoever waits behind another of its group isn't there.
    redis.call('ZADD', due_key(r.lane), 'XX', int(wake), r.seq)
  end
end
