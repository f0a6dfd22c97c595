-- Shared: whether what is counted of the lanes is what is there.

-- By state, in the order of PLACES.
local function totals()
  return {
    redis.call('ZCARD', READY), redis.call('ZCARD', LEASED), redis.call('ZCARD', DONE), redis.call('SCARD', PARKED),
  }
end

-- What is there and can't be counted, since records were damaged: known from the last counting.
local function do_add_up(sums)
  local rest = { (book('unaccounted') or ''):match('^(%-?%d+) (%-?%d+) (%-?%d+) (%-?%d+)$') }
  for place, total in ipairs(totals()) do
    if sums[place] + tonumber(rest[place] or 0) ~= total then
      return false
    end
  end
  return true
end
