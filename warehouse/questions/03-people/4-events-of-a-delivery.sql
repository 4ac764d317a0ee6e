-- topic: People and engagement
-- question: What happened to one delivery, event by event?
-- Each metric has its first time alone: a second open leaves no trace. `is_machine` marks proxies and scanners.
SELECT metric, happened_at, is_machine
FROM fct_delivery_event
WHERE delivery_id = (
    SELECT delivery_id FROM delivery WHERE person_id = 'user-132' AND clicked_at IS NOT NULL
    ORDER BY created_at DESC LIMIT 1
) AND metric <> 'created'
ORDER BY happened_at, metric
LIMIT 6
