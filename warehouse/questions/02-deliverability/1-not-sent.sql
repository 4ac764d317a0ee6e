-- topic: Deliverability
-- question: Why were messages not sent?
-- `delivery` is `fct_delivery` with names. Lost messages are in no
-- bounce rate: an email that bounces was sent.
SELECT channel, failure_message, count(*) AS deliveries, count(DISTINCT parent_name) AS senders,
       max(created_on) AS last_day
FROM delivery
WHERE is_lost
GROUP BY channel, failure_message
ORDER BY deliveries DESC
LIMIT 5
