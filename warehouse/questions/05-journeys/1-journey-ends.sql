-- topic: Journeys
-- question: Where do journeys end?
-- The numbers are Customer.io's own, by the day on which a journey began. Young journeys are not finished yet.
SELECT campaign_name, sum(started) AS started, sum(messaged) AS messaged, sum(finished) AS finished,
       sum(exited_early) AS exited_early, sum(converted) AS converted
FROM journey_funnel_daily
GROUP BY campaign_name
ORDER BY started DESC
LIMIT 4
