-- topic: Campaigns and messages
-- question: Which channel works best?
-- A channel that cannot report an event has no rate for it: text messages have no opens, Slack and webhooks reach no people.
SELECT channel, sum(sent) AS sent, sum(reached) AS reached,
       sum(human_open_rate_numerator) / nullif(sum(human_open_rate_denominator), 0) AS human_open_rate,
       sum(human_click_rate_numerator) / nullif(sum(human_click_rate_denominator), 0) AS human_click_rate
FROM channel_daily
WHERE clock = 'cohort'
GROUP BY channel
ORDER BY sent DESC
