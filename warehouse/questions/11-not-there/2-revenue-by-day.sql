-- topic: What is not there
-- question: How much was ordered, day by day?
-- Customer.io has no orders of its own, only the events that it was sent. `revenue_events` in `dbt_project.yml` names those
-- with an amount; `without_amount` tells how many of them had no number there. The newest day is not over.
SELECT day, event_name, amounts, without_amount, people, revenue
FROM revenue_daily
WHERE day <= (SELECT as_of::DATE FROM staging.stg_clock)
ORDER BY day DESC
LIMIT 4
