SELECT
    id AS user_id,
    to_timestamp((attributes->>'created_at')::BIGINT) + INTERVAL 30 DAYS AS trial_ends_at,
    nullif((attributes->>'ltv')::DECIMAL(12, 2), 0) AS trial_value,
    to_timestamp((attributes->>'last_seen')::BIGINT)
        > to_timestamp((attributes->>'created_at')::BIGINT) + INTERVAL 30 DAYS AS trial_is_over
FROM customerio_raw.people
WHERE deleted_at IS NULL AND nullif(id, '') IS NOT NULL AND attributes->>'plan' = 'free'
