-- topic: Timing
-- question: When should we send?
-- The intervals overlap: no hour is clearly better than another. Each query on the file can use these statistics. Hours are
-- those of the project's time zone, not of each person.
SELECT hour, sum(sent) AS sent, sum(human_click_rate_numerator) / sum(human_click_rate_denominator) AS click_rate,
       wilson_low(sum(human_click_rate_numerator), sum(human_click_rate_denominator)) AS low,
       wilson_high(sum(human_click_rate_numerator), sum(human_click_rate_denominator)) AS high
FROM send_time_heatmap
WHERE channel = 'email'
GROUP BY hour
HAVING sum(sent) >= 1000
ORDER BY click_rate DESC
LIMIT 4
