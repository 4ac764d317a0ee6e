-- topic: Campaigns and messages
-- question: What did broadcasts bring?
-- A broadcast is started by a call of the API, each time for the people that the call names. `people` counts each of them once.
SELECT name, sent, people, human_click_rate, unsubscribe_rate, first_day, last_day
FROM broadcast_performance
ORDER BY sent DESC
LIMIT 4
