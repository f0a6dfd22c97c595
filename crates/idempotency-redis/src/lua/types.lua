-- Shared: which types the keys have.
local TYPES = {
  'hash', 'hash', 'hash', 'zset', 'zset', 'zset', 'set', 'set', 'zset', 'zset', 'hash', 'zset',
}

local function is_of_type(key, wanted)
  local there = redis.call('TYPE', key).ok
  return there == 'none' or there == wanted
end

local function are_fixed_keys_right()
  for i, wanted in ipairs(TYPES) do
    if not is_of_type(KEYS[i], wanted) then
      return false
    end
  end
  return true
end
