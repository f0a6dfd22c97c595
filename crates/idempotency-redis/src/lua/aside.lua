-- Shared: takes records that can't be read out of the way.
local BEHIND_ALL = string.rep('\255', 64)

-- The group that a record waits in, when the record itself doesn't say it any more.
local function group_with(lane, seq)
  local prefix = part(lane)
  for _, member in ipairs(redis.call('ZRANGEBYLEX', GROUPS, '[' .. prefix, '[' .. prefix .. BEHIND_ALL)) do
    if member:sub(-16) == seq then
      return member:sub(#prefix + 1, -17):match('^%d+:(.*)$')
    end
  end
end

-- Takes a record that can't be read out of the way, trusting nothing of it. Its key stays taken: it is neither new nor
-- a duplicate.
local function set_aside(seq, lane)
  local fields = redis.pcall('HMGET', RECORD .. seq, 'lane', 'group', 'claim', 'kind', 'state', 'size')
  local usable = not fields.err
  local r = { seq = seq, lane = usable and fields[1] or lane }
  has_changed = true
  if usable then
    r.group = fields[2] or nil
    for state in pairs(STATES) do
      if fields[4] then
        redis.call('ZREM', kind_key(state, fields[4]), seq)
      end
    end
    if fields[3] then
      redis.call('ZREM', LEASED, fields[3] .. seq)
    end
  end
  redis.call('ZREM', READY, seq)
  redis.call('ZREM', DONE, seq)
  redis.call('SREM', PARKED, seq)
  if r.lane then
    r.group = r.group or group_with(r.lane, seq)
    stop_waiting(r)
    r.size = usable and tonumber(fields[6]) or 0
    if STATES[fields[5]] then
      tally(r.lane, fields[5], seq, r.size, -1)
    end
  end
  redis.call('SADD', ASIDE, seq)
  if usable then
    redis.call('HSET', RECORD .. seq, 'state', 'aside')
  end
end
