-- Shared: goes through records in the order of their numbers.
local STEP = 64

local function refill_index(index)
  index.list = redis.call('ZRANGEBYLEX', index.key, '(' .. index.last, '+', 'LIMIT', 0, STEP)
  index.at, index.last = 1, index.list[#index.list]
end

-- Takes a step with the number of each record in these states that comes after this one, until a step gives `true`. Gives
-- the number of that one; nil at the end.
local function walk(states, after, step)
  local indexes = {}
  for _, field in ipairs(redis.call('HKEYS', META)) do
    if field:sub(1, #KIND) == KIND then
      for _, state in ipairs(states) do
        local index = { key = kind_key(state, field:sub(#KIND + 1)), state = state, last = after }
        refill_index(index)
        if #index.list > 0 then
          indexes[#indexes + 1] = index
        end
      end
    end
  end
  while true do
    local first, first_seq
    for _, index in ipairs(indexes) do
      local seq = index.list[index.at]
      if seq and (not first or seq < first_seq) then
        first, first_seq = index, seq
      end
    end
    if not first then
      return nil
    end
    first.at = first.at + 1
    if first.at > #first.list and #first.list == STEP then
      refill_index(first)
    end
    if step(first_seq, first.state) then
      return first_seq
    end
  end
end

-- One field of a record; nil if there is none.
local function field_of(seq, field)
  local value = redis.pcall('HGET', RECORD .. seq, field)
  return type(value) == 'string' and value or nil
end
