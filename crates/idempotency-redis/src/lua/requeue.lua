-- The operation `requeue`: Parked to Ready in the same generation, Done to Ready in the next one.
local seq, actor, reason = arg(), arg(), arg()
local r = load(seq)
if not r then
  return false
end
if r.state == 'parked' or r.state == 'done' then
  local generation = r.state == 'done' and math.min(r.gen + 1, MOST_COUNTED) or r.gen
  go(r, 'ready', {
    gen = generation, tries = 0, error = false, done = false, outcome = false, due = now,
    notes = noted(r, 'requeued', actor, reason),
  })
end
return whole(seq)
