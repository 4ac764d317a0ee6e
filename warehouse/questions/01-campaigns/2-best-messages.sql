-- topic: Campaigns and messages
-- question: Which message of a campaign is clicked most, and which least?
-- `is_clear` is false where the intervals of both overlap: then the order may be chance. Messages with few recipients
-- take no part.
SELECT campaigns.name AS campaign, best.name AS best, best.human_click_rate AS best_rate,
       worst.name AS worst, worst.human_click_rate AS worst_rate,
       best.human_click_rate_low > worst.human_click_rate_high AS is_clear
FROM campaign_performance AS campaigns
JOIN message_performance AS best ON best.message_key = campaigns.best_message_key
JOIN message_performance AS worst ON worst.message_key = campaigns.worst_message_key
ORDER BY campaigns.sent DESC
LIMIT 4
