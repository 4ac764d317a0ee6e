-- topic: Deliverability
-- question: Which people cannot be reached by email?
-- The list belongs to the sending domain: other workspaces that send from it fill it too, and their addresses are not in
-- `own_people`.
SELECT suppression_type, sum(own_people_now) AS own_people, sum(targeted_people_now) AS in_running_campaigns
FROM (SELECT DISTINCT suppression_type, sending_domain, own_people_now, targeted_people_now FROM suppression_health)
WHERE sending_domain = 'example.com'
GROUP BY suppression_type
ORDER BY suppression_type
