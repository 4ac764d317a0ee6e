-- topic: Trust of the numbers
-- question: Do the numbers agree with Customer.io's own?
-- `cio-elt reconcile` makes the comparison; without it the table is empty, as after `make demo`. `explained` has a reason,
-- such as events after the last sync; a `mismatch` has none.
SELECT subject, verdict, count(*) AS numbers, sum(ours) AS ours, sum(theirs) AS theirs
FROM ops.reconciliation
GROUP BY subject, verdict
ORDER BY numbers DESC, subject
LIMIT 6
