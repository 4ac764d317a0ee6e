-- topic: Trust of the numbers
-- question: Is the warehouse up to date?
-- `covered_until` is known for tables that are read by time; the others are as new as their last success.
SELECT count(*) FILTER (WHERE last_success_at IS NULL) AS never_read,
       count(*) FILTER (WHERE last_success_at < last_run_at) AS failed_last, min(covered_until) AS covered_until,
       max(lag_seconds) < 7200 AS within_two_hours
FROM ops.freshness
