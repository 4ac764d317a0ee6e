-- topic: People and engagement
-- question: How many people can be reached, on which channel?
-- `can_push` is null for a person of whom an export told no devices; such people are not counted here.
SELECT plan, count(*) AS people, count(*) FILTER (WHERE can_email) AS email, count(*) FILTER (WHERE can_sms) AS sms,
       count(*) FILTER (WHERE can_push) AS push,
       count(*) FILTER (WHERE NOT (can_email OR can_sms OR coalesce(can_push, false))) AS no_channel
FROM person_360
WHERE NOT is_deleted
GROUP BY plan
ORDER BY people DESC
