-- topic: Segments
-- question: Which segments are engaged?
-- A person in several segments counts in each of them, so the rows do not add up to all people.
SELECT segment_name, count(*) AS people, avg((engagement_tier = 'active')::INTEGER) AS active,
       avg((clicked_90d > 0)::INTEGER) AS clicked_in_90_days, avg(can_email::INTEGER) AS can_email
FROM segment_member
JOIN person_360 USING (cio_id)
GROUP BY segment_name
ORDER BY active DESC, segment_name
LIMIT 5
