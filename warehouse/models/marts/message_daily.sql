{{ config(
    materialized='incremental', incremental_strategy='append', on_schema_change='fail',
    pre_hook="{{ delete_changed_days(ref('fct_delivery'), 'created_on', 'deliveries') }}",
) }}
-- A row per message, cohort day and channel: every performance table is a sum of these counts.
select
    message_key,
    source_type,
    parent_id,
    created_on,
    channel,
    max(created_at) as last_created_at,
    {{ count_deliveries() }},
    max(built_in) as built_in
from {{ ref('fct_delivery') }}
where {{ lacking_days(ref('fct_delivery'), 'created_on', 'deliveries') }}
group by message_key, source_type, parent_id, created_on, channel
