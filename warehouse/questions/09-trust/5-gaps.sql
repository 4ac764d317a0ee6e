-- topic: Trust of the numbers
-- question: Is any time missing?
-- A row is a period that was read completely. `gap_before_seconds` is the time between it and the period before: a day in a
-- gap has too few deliveries, not a bad rate. `cio-elt backfill --gaps` reads it.
SELECT table_name, first_second_at, last_second_at, gap_before_seconds
FROM ops.coverage
ORDER BY table_name, first_second_at
