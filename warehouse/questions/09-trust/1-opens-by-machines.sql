-- topic: Trust of the numbers
-- question: How much of the open rate are machines?
-- Report the rate of people. The rate of all opens changes with the share of mail proxies among recipients, without any
-- change of what people do.
SELECT date_trunc('month', day)::DATE AS month,
       sum(open_rate_numerator) / sum(open_rate_denominator) AS open_rate,
       sum(human_open_rate_numerator) / sum(human_open_rate_denominator) AS human_open_rate,
       sum(machine_open_share_numerator) / sum(machine_open_share_denominator) AS machine_open_share
FROM channel_daily
WHERE clock = 'cohort' AND channel = 'email'
GROUP BY month
ORDER BY month DESC
LIMIT 4
