-- topic: Campaigns and messages
-- question: How did conversions develop, in months that are mature?
-- The rate of a month is computed from the sums of its days. An average of daily rates would count a day with few messages
-- as much as one with many.
SELECT date_trunc('month', day)::DATE AS month, sum(reached) AS reached, sum(converted) AS converted,
       sum(conversion_rate_numerator) / sum(conversion_rate_denominator) AS conversion_rate
FROM channel_daily
WHERE clock = 'cohort' AND source_type = 'campaign'
GROUP BY month
HAVING bool_and(is_mature_conversion)
ORDER BY month DESC
LIMIT 4
