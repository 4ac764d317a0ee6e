-- topic: Trust of the numbers
-- question: Do deleted people, messages and segments count?
-- Their rows stay, with a time in `deleted_at` of raw tables and a true `is_deleted` in marts. Leave them out of counts of
-- the present; keep them in counts of the past, so that a deleted campaign's deliveries do not vanish.
SELECT 'person_360' AS table_name, count(*) AS rows, count(*) FILTER (WHERE is_deleted) AS deleted FROM person_360
UNION ALL
SELECT 'dim_message', count(*), count(*) FILTER (WHERE is_deleted) FROM dim_message
UNION ALL
SELECT 'customerio_raw.segment_memberships', count(*), count(deleted_at) FROM customerio_raw.segment_memberships
