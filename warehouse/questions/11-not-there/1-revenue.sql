-- topic: What is not there
-- question: How much revenue did a campaign bring?
-- A delivery has no amount: the App API tells that a message converted, not for how much. The nearest answer are events with
-- an amount, if the workspace has them (here `order_placed`), after a click by a person. Each order counts for the last
-- click before it, within a week. Activities go back a limited time before the first sync, and so do these sums.
WITH orders AS (
    SELECT activity_id, cio_id, happened_at, (data ->> 'total')::DOUBLE AS total
    FROM staging.stg_activities
    WHERE activity_type = 'event' AND name = 'order_placed'
),
clicks AS (
    SELECT cio_id, parent_name, human_clicked_at FROM delivery WHERE human_clicked_at IS NOT NULL
)
SELECT clicks.parent_name, count(*) AS orders, round(sum(orders.total), 2) AS total
FROM orders
ASOF JOIN clicks ON orders.cio_id = clicks.cio_id AND orders.happened_at >= clicks.human_clicked_at
WHERE orders.happened_at < clicks.human_clicked_at + INTERVAL 7 DAY
GROUP BY clicks.parent_name
ORDER BY total DESC
LIMIT 4
