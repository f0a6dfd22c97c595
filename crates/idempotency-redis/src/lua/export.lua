-- The operation `export`: records after a number, each with the aliases that lead to it; or marks from a place on, by when
-- they were last put; or the counters.
local MAX_BYTES = 8388608

local what, from, max = arg(), arg(), number_arg()

local function records()
  local found, bytes, unreadable = {}, 0, {}
  local last = walk({ 'ready', 'leased', 'done', 'parked' }, from, function(seq)
    local fine, aliases = readable(function()
      local r = must_load(seq)
      check_content(r)
      local all = { unpack(head_of(r)[4]) }
      for _, alias in ipairs(json_list(r.more)) do
        all[#all + 1] = alias
      end
      local own = {}
      for _, alias in ipairs(all) do
        if redis.call('HGET', NAMES, ALIAS .. alias) == seq and not contains(own, alias) then
          own[#own + 1] = alias
        end
      end
      bytes = bytes + r.size
      return own
    end)
    if fine then
      found[#found + 1] = { whole(seq), aliases }
    else
      unreadable[#unreadable + 1] = seq
    end
    return #found + #unreadable >= max or bytes >= MAX_BYTES
  end)
  return { last or '', unreadable, found }
end

local function marks()
  local first = tonumber(from)
  local found = redis.call('ZRANGE', MARK_TIMES, int(first), int(first + max - 1), 'WITHSCORES')
  local list = {}
  for i = 1, #found, 2 do
    local mark = found[i]
    list[#list + 1] = { mark:sub(1, 16), mark:sub(17, 48), mark:sub(49), found[i + 1] }
  end
  return { #list == max and int(first + max) or '', list }
end

if what == 'records' then
  return records()
elseif what == 'marks' then
  return marks()
end
return { book('seq') or '0', book('fence') or '0', book('last') or false, book('purge-after') or false }
