-- topic: Campaigns and messages
-- question: Which campaigns convert?
-- A conversion may come long after the message. `is_mature` is false while the newest messages are still too young, so the
-- rate of a campaign that still sends is too low: the next question compares cohorts of the same age.
SELECT name, sent, converted, conversion_rate, conversion_rate_low AS low, is_mature_conversion AS is_mature
FROM campaign_performance
ORDER BY conversion_rate_low DESC
LIMIT 5
