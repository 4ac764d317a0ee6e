SELECT
    id AS user_id,
    to_timestamp(TRY_CAST(attributes->>'created_at' AS UINTEGER)) + INTERVAL 30 DAYS AS trial_ends_at,
    nullif(TRY_CAST(attributes->>'ltv' AS DECIMAL(12, 2)), 0) AS trial_value,
    to_timestamp(TRY_CAST(attributes->>'last_seen' AS UINTEGER))
        > to_timestamp(TRY_CAST(attributes->>'created_at' AS UINTEGER)) + INTERVAL 30 DAYS AS trial_is_over
FROM customerio_raw.people
WHERE deleted_at IS NULL AND nullif(id, '') IS NOT NULL AND attributes->>'plan' = 'free'
