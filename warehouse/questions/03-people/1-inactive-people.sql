-- topic: People and engagement
-- question: Which people are inactive?
-- A tier comes from opens, clicks, conversions and replies of people. Opens by machines do not count, so a person whose
-- mail proxy loads every picture is not active.
SELECT engagement_tier, count(*) AS people, count(*) FILTER (WHERE can_email) AS can_email,
       round(avg(sent_30d), 1) AS messages_in_30_days
FROM person_360
GROUP BY engagement_tier
ORDER BY people DESC
