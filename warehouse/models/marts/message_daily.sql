-- The counts of which every performance table is a sum: a row per message, cohort day and channel.
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
