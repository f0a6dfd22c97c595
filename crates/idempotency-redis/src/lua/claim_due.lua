-- The operation `claim_due`. A record that can't be read is set aside, and the others go on.
local STRIDE = 64
-- However much is asked for, nobody else waits longer than this takes.
local MOST_LEASES, MOST_BYTES = 10000, 33554432

local id, lane, most, span = arg(), arg(), number_arg(), number_arg()
most = math.min(most, MOST_LEASES)
local key = due_key(lane)
local taken, bytes = {}, 0

local function readable_record(seq)
  local fine, r = readable(function()
    local r = must_load(seq)
    check_content(r)
    return r
  end)
  if not fine then
    set_aside(seq, lane)
    redis.call('ZREM', LEASED, id .. seq)
  end
  return fine and r
end

local function take(r)
  taken[#taken + 1] = r
  bytes = bytes + r.size
end

local function is_enough()
  return #taken >= most or bytes >= MOST_BYTES
end

-- The live leases that an earlier call with this claim id gave, in the order of their fences.
local function repeated()
  local found = {}
  for _, member in ipairs(redis.call('ZRANGEBYLEX', LEASED, '[' .. id .. '0', '(' .. id .. ':')) do
    local r = readable_record(member:sub(-16))
    if r and r.lane == lane then
      found[#found + 1] = r
    end
  end
  table.sort(found, function(one, other) return tonumber(one.fence) < tonumber(other.fence) end)
  for _, r in ipairs(found) do
    if is_held(r) and not is_enough() then
      take(r)
    end
  end
end

-- Goes through what is due, longest due first, once. A record that waited behind one that parks here may be due
-- since earlier; it has its turn the next time.
local function fresh()
  local wake, seq = FIRST, ''
  while not is_enough() do
    local due = redis.call('ZRANGEBYSCORE', key, int(wake), int(now), 'WITHSCORES', 'LIMIT', 0, STRIDE)
    local ahead, again = {}, #due == 2 * STRIDE
    for i = 1, #due, 2 do
      if tonumber(due[i + 1]) > wake or due[i] > seq then
        ahead[#ahead + 1] = { seq = due[i], wake = tonumber(due[i + 1]) }
      end
    end
    for _, each in ipairs(ahead) do
      if is_enough() then
        break
      end
      wake, seq = each.wake, each.seq
      local r = readable_record(seq)
      if r and is_used_up(r) then
        give_up(r)
      elseif r then
        claim(r, id, span)
        take(r)
      end
      if not r or r.state == 'parked' then
        -- Whoever was behind it may stand among those ahead now.
        again = true
        break
      end
    end
    -- Nothing ahead: the rest of what is due at this instant was passed already.
    if not again or #ahead == 0 then
      break
    end
  end
end

repeated()
if #taken == 0 then
  fresh()
end
local answer = { int(now) }
for _, r in ipairs(taken) do
  answer[#answer + 1] = whole(r.seq)
end
return answer
