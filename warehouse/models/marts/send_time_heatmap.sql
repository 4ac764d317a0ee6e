-- Counts and rates of messages by the weekday and the hour of sending, in the project's time zone.
with counts as (
    select channel, weekday, hour, {{ sum_counts() }}
    from {{ ref('sent_daily') }}
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
