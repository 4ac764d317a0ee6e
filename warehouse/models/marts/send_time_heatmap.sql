-- Counts and rates of messages by the weekday and the hour of sending, in the project's time zone.
with sent as (
    select
        *,
        cast(extract(isodow from sent_at at time zone '{{ var("timezone") }}') as integer) as weekday,
        cast(extract(hour from sent_at at time zone '{{ var("timezone") }}') as integer) as hour
    from {{ ref('fct_delivery') }}
    where sent_at is not null
),

counts as (
    select channel, weekday, hour, {{ count_deliveries() }}
    from sent
    group by channel, weekday, hour
)

select
    channel,
    weekday,
    hour,
    sent,
    reached,
    {{ rate_columns(rates() | selectattr('name', 'in', ['human_open_rate', 'human_click_rate', 'conversion_rate']) | list) }}
from counts
