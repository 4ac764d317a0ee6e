-- topic: What is not there
-- question: Which topics does each person want?
-- `subscription_preferences` costs a request a person, so a sync reads it only when it is named. Before that, the attribute
-- of each person has what was set explicitly, and the topic's default holds for all others.
SELECT topics.name AS topic, topics.subscribed_by_default AS by_default,
       count(*) FILTER (WHERE preference = 'true') AS chosen, count(*) FILTER (WHERE preference = 'false') AS refused
FROM staging.stg_subscription_topics AS topics
CROSS JOIN (SELECT subscription_preferences AS preferences FROM person_360 WHERE NOT is_deleted)
CROSS JOIN LATERAL (SELECT preferences::JSON -> 'topics' ->> topics.identifier AS preference)
GROUP BY ALL
ORDER BY topic
