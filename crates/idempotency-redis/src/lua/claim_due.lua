-- The operation `claim_due`: lanes take turns, one record each, in the given order. A record that can't be read is set
-- aside, and the others go on.
local MIN_STRIDE, MAX_STRIDE = 8, 64
-- However much is asked for, nobody else waits longer than this takes.
local MOST_LEASES, MOST_BYTES = 10000, 33554432

local id, lanes, most, span = arg(), list_arg(), number_arg(), number_arg()
most = math.min(most, MOST_LEASES)
local stride = math.max(MIN_STRIDE, math.min(MAX_STRIDE, math.floor(most / math.max(#lanes, 1)) + 1))
local taken, bytes = {}, 0

local function readable_record(seq, lane)
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
    local r = readable_record(member:sub(-16), nil)
    if r and contains(lanes, r.lane) then
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

local function queue_of(lane)
  return { lane = lane, key = due_key(lane), wake = FIRST, seq = '', ahead = {}, at = 1 }
end

-- Reads on behind the last record that had its turn, longest due first.
local function refill(queue)
  local due = redis.call('ZRANGEBYSCORE', queue.key, int(queue.wake), int(now), 'WITHSCORES', 'LIMIT', 0, stride)
  queue.ahead, queue.at, queue.is_last = {}, 1, #due < 2 * stride
  for i = 1, #due, 2 do
    local seq, wake = due[i], tonumber(due[i + 1])
    if wake > queue.wake or seq > queue.seq then
      queue.ahead[#queue.ahead + 1] = { seq = seq, wake = wake }
    end
  end
end

-- Claims the next record of a lane that is due; nil if there is none. A record that waited behind one that parks here may
-- be due since earlier; it has its turn the next time.
local function claim_next(queue)
  while true do
    if queue.at > #queue.ahead then
      if queue.is_last then
        return nil
      end
      refill(queue)
      -- Nothing ahead: the rest of what is due at this instant had its turn already.
      if #queue.ahead == 0 then
        return nil
      end
    end
    local each = queue.ahead[queue.at]
    queue.at, queue.wake, queue.seq = queue.at + 1, each.wake, each.seq
    local r = readable_record(each.seq, queue.lane)
    if r and not is_used_up(r) then
      claim(r, id, span)
      return r
    elseif r then
      give_up(r)
    end
    -- Whoever was behind it may stand among those ahead now.
    queue.ahead, queue.at, queue.is_last = {}, 1, false
  end
end

local function fresh()
  local queues = {}
  for i, lane in ipairs(lanes) do
    queues[i] = queue_of(lane)
  end
  while #queues > 0 and not is_enough() do
    local left = {}
    for _, queue in ipairs(queues) do
      local r = not is_enough() and claim_next(queue)
      if r then
        take(r)
        left[#left + 1] = queue
      end
    end
    queues = left
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
