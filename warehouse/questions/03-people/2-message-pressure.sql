-- topic: People and engagement
-- question: Do people who get many messages click less?
-- More messages are more chances to click, so compare the clicks a message. The last row has all people with so many
-- messages or more.
SELECT least(sent_30d, 5) AS messages_in_30_days, count(*) AS people,
       avg((clicked_30d > 0)::INTEGER) AS share_with_a_click, sum(clicked_30d) / sum(sent_30d) AS clicks_a_message
FROM person_360
WHERE sent_30d > 0 AND NOT is_deleted
GROUP BY messages_in_30_days
ORDER BY messages_in_30_days
