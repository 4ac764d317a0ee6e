-- topic: Trust of the numbers
-- question: Since when are people told from machines?
-- Of older deliveries, human opens and clicks are null, not zero: a rate over both times is one of the newer deliveries alone.
SELECT knows_human_opens, knows_human_clicks, count(*) AS deliveries, min(created_on) AS first_day, max(created_on) AS last_day
FROM fct_delivery
GROUP BY knows_human_opens, knows_human_clicks
ORDER BY first_day
