-- Shared: what runs the operation, which stands before this as a function. NAME is what it is called, WRITES whether it may
-- change anything.
-- Gives the operation's answer and what the caller remembers of the store: its time, the last number and fence, and what
-- is out of the ordinary.
open_books(list_arg())
if EXPECTED_ID ~= '' and books.id ~= EXPECTED_ID then
  error({ err = books.id and 'REPLACED other' or 'REPLACED gone' })
end
if books.copying and WRITES and NAME ~= 'import' and NAME ~= 'open' then
  error({ err = 'UNFINISHED copy' })
end
read_time()
local before = book_number('seq')
if WRITES then
  if jump > 0 then
    put('purge-after', int(math.max(later(25 * HOUR), book_number('purge-after'))))
  end
  if GIVEN_SEQ > before then
    -- Records that the caller was told of are lost; their numbers aren't given again.
    advance(GIVEN_SEQ)
  end
end
local answer = operation() or false
if WRITES then
  local last = tonumber(books.last or nil)
  -- Also from time to time while nothing changes: idle time is no jump for whoever opens the store next.
  if last and (now - last > MINUTE or (has_changed and now > last)) or (not last and EXPECTED_ID ~= '') then
    put('last', int(now))
  end
  save_books()
end
local odd = (is_behind or jump > 0 or GIVEN_SEQ > before) and { is_behind and 1 or 0, jump, before }
return { answer, now, book('seq') or 0, book('fence') or 0, odd }
