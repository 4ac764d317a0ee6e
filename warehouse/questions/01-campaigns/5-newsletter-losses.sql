-- topic: Campaigns and messages
-- question: Which newsletters lost the most subscribers?
-- `unsubscribed` counts those who left everything, `topic_unsubscribed` those who left the newsletter's topic.
SELECT name, sent, unsubscribed, topic_unsubscribed, unsubscribe_rate, unsubscribe_rate_high AS high
FROM newsletter_performance
ORDER BY unsubscribe_rate DESC NULLS LAST, parent_id
LIMIT 5
