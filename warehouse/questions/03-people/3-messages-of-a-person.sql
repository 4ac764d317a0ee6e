-- topic: People and engagement
-- question: Which messages did one person get, and what did the person do with them?
-- A machine's open has a time in `opened_at` and none in `human_opened_at`.
SELECT created_on, channel, parent_name, message_name, is_reached, opened_at, human_opened_at, clicked_at
FROM delivery
WHERE person_id = 'user-132'
ORDER BY created_at DESC, delivery_id
LIMIT 5
