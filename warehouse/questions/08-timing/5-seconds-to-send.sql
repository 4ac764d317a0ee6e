-- topic: Timing
-- question: How fast do transactional messages leave?
-- A median hides the slow ones: one message of twenty takes longer than `p95` seconds. `forgotten` messages have no content,
-- because Customer.io was told not to keep it.
SELECT name, sent, p50_seconds_to_send AS p50, p95_seconds_to_send AS p95, forgotten
FROM transactional_performance
ORDER BY p95 DESC NULLS LAST, name
LIMIT 4
