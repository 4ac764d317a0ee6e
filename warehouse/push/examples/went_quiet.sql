WITH seen AS (
    SELECT id AS user_id, to_timestamp((attributes->>'last_seen')::BIGINT)::TIMESTAMP AS last_seen,
           attributes->>'plan' AS plan
    FROM customerio_raw.people
    WHERE deleted_at IS NULL AND nullif(id, '') IS NOT NULL
)
SELECT user_id, last_seen, plan, last_seen + INTERVAL 60 DAYS AS quiet_at
FROM seen
WHERE last_seen + INTERVAL 60 DAYS < (SELECT max(last_seen) FROM seen)
