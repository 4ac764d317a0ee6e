-- topic: Timing
-- question: What happened in the last three days?
-- `event` counts the events of that day; `cohort` counts the events of the messages that were created on that day, as
-- Customer.io's own pages do.
SELECT day, clock, sum(sent) AS sent, sum(human_opened) AS human_opened, sum(converted) AS converted
FROM channel_daily
WHERE day BETWEEN '2026-10-12' AND '2026-10-14'
GROUP BY day, clock
ORDER BY day, clock
