-- The steps of each campaign, by the segments that start it. Run it on the file that load_campaigns.py writes:
--
--     duckdb -readonly campaigns.duckdb < examples/campaign_steps.sql
--
-- Raw tables have the API's names and types: lists are JSON, and a row that is deleted there has a time in deleted_at.
WITH triggers AS (
    SELECT campaigns.id AS campaign_id, string_agg(segments.name, ', ' ORDER BY segments.name) AS started_by
    FROM customerio_raw.campaigns
    JOIN customerio_raw.segments ON list_contains(campaigns.trigger_segment_ids::BIGINT[], segments.id)
    WHERE segments.deleted_at IS NULL
    GROUP BY campaigns.id
)
SELECT
    campaigns.name,
    campaigns.state,
    triggers.started_by,
    count(actions.id) AS steps,
    count(actions.id) FILTER (WHERE actions.type = 'email') AS emails
FROM customerio_raw.campaigns
LEFT JOIN customerio_raw.campaign_actions AS actions
    ON actions.campaign_id = campaigns.id AND actions.deleted_at IS NULL
LEFT JOIN triggers ON triggers.campaign_id = campaigns.id
WHERE campaigns.deleted_at IS NULL
GROUP BY campaigns.id, campaigns.name, campaigns.state, triggers.started_by
ORDER BY steps DESC, campaigns.name;
