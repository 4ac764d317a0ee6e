-- topic: Timing
-- question: How do the weeks compare?
-- Compute the rate of a longer period from the sums; a week that is not mature will still get clicks.
SELECT date_trunc('week', day)::DATE AS week, sum(sent) AS sent,
       sum(human_click_rate_numerator) / sum(human_click_rate_denominator) AS human_click_rate,
       bool_and(is_mature_click) AS is_mature
FROM channel_daily
WHERE clock = 'cohort'
GROUP BY week
ORDER BY week DESC
LIMIT 5
