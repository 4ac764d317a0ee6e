-- topic: Campaigns and messages
-- question: How did one message develop?
-- `message_daily` has counts without names, and the numerators and denominators of all rates: sum them, then divide.
SELECT date_trunc('month', created_on)::DATE AS month, sum(sent) AS sent,
       sum(human_open_rate_numerator) / sum(human_open_rate_denominator) AS human_open_rate,
       sum(human_click_rate_numerator) / sum(human_click_rate_denominator) AS human_click_rate
FROM message_daily
JOIN dim_message USING (message_key)
WHERE dim_message.name = 'Welcome series #1'
GROUP BY month
ORDER BY month DESC
LIMIT 4
