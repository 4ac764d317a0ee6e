-- topic: Campaigns and messages
-- question: Which campaigns do people open, and how sure is that?
-- Sorted by the low end of the interval, a campaign with few messages does not come first by chance.
SELECT name, sent, human_open_rate, human_open_rate_low AS low, human_open_rate_high AS high
FROM campaign_performance
ORDER BY human_open_rate_low DESC
LIMIT 5
