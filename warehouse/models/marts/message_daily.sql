-- A row per message, cohort day and channel: every performance table is a sum of these counts.
select
    message_key,
    source_type,
    parent_id,
    created_on,
    channel,
    max(created_at) as last_created_at,
    {{ count_deliveries() }}
from {{ ref('fct_delivery') }}
group by message_key, source_type, parent_id, created_on, channel
