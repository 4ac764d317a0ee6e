-- topic: People and engagement
-- question: Who clicked a campaign's message and did not convert?
-- `human_clicked_at` leaves out link scanners, which click every link. A push can write such a list back to Customer.io:
-- see [push](push/README.md).
SELECT person_id, message_name, max(human_clicked_at) AS last_click
FROM delivery
WHERE parent_name = 'Abandoned cart'
GROUP BY person_id, message_name
HAVING count(human_clicked_at) > 0 AND count(converted_at) = 0
ORDER BY last_click DESC
LIMIT 4
