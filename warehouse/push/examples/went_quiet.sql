WITH seen AS (
    SELECT id AS user_id, to_timestamp(TRY_CAST(attributes->>'last_seen' AS UINTEGER))::TIMESTAMP AS last_seen,
           attributes->>'plan' AS plan
    FROM customerio_raw.people
    WHERE deleted_at IS NULL AND nullif(id, '') IS NOT NULL
)
SELECT user_id, last_seen, plan, last_seen + INTERVAL 60 DAYS AS quiet_at
FROM seen
WHERE last_seen + INTERVAL 60 DAYS < (SELECT max(last_seen) FROM seen)
