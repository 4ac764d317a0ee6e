-- topic: What is not there
-- question: How much revenue did a campaign bring?
-- A delivery has no amount: the App API tells that a message converted, not for how much. The nearest answer are events with
-- an amount, if the workspace has them (here `order_placed`), after a click by a person. Each order counts for the last
-- click before it, within a week. Activities go back a limited time before the first sync, and so do these sums.
WITH clicks AS (
    SELECT cio_id, parent_name, human_clicked_at FROM delivery WHERE human_clicked_at IS NOT NULL
)
SELECT clicks.parent_name, count(*) AS orders, sum(orders.amount) AS total
FROM fct_event AS orders
ASOF JOIN clicks ON orders.cio_id = clicks.cio_id AND orders.happened_at >= clicks.human_clicked_at
WHERE orders.amount IS NOT NULL AND orders.happened_at < clicks.human_clicked_at + INTERVAL 7 DAY
GROUP BY clicks.parent_name
ORDER BY total DESC
LIMIT 4
