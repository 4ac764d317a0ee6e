with lifetime as (
    select
        message_key,
        min(created_on) as first_day,
        max(created_on) as last_day,
        max(last_created_at) as last_created_at,
        {{ sum_counts() }}
    from {{ ref('message_daily') }}
    group by message_key
)

select
    lifetime.message_key,
    message.source_type,
    message.parent_id,
    message.unit_id,
    message.parent_name,
    message.name,
    message.subject,
    message.channel,
    message.language,
    lifetime.first_day,
    lifetime.last_day,
    {{ maturity('lifetime.last_created_at') }},
    {{ with_rates() }}
from lifetime
inner join (
    select message_key, source_type, parent_id, unit_id, parent_name, name, subject, channel, language
    from {{ ref('dim_message') }}
) as message on message.message_key = lifetime.message_key
