-- The sum over days equals the sum over lifetimes, on both clocks.
with daily as (
    select sum(sent) as sent, sum(opened) as opened, sum(human_clicked) as human_clicked, sum(converted) as converted
    from {{ ref('channel_daily') }}
    where clock = 'cohort'
),

happened as (
    select sum(sent) as sent, sum(opened) as opened, sum(human_clicked) as human_clicked, sum(converted) as converted
    from {{ ref('channel_daily') }}
    where clock = 'event'
),

lifetime as (
    select sum(sent) as sent, sum(opened) as opened, sum(human_clicked) as human_clicked, sum(converted) as converted
    from {{ ref('message_performance') }}
)

select daily.sent, happened.sent as happened, lifetime.sent as lifetime
from daily, happened, lifetime
where coalesce(daily.sent, 0) <> coalesce(lifetime.sent, 0) or coalesce(happened.sent, 0) <> coalesce(lifetime.sent, 0)
    or coalesce(daily.opened, 0) <> coalesce(lifetime.opened, 0) or coalesce(happened.opened, 0) <> coalesce(lifetime.opened, 0)
    or coalesce(daily.human_clicked, 0) <> coalesce(lifetime.human_clicked, 0)
    or coalesce(happened.human_clicked, 0) <> coalesce(lifetime.human_clicked, 0)
    or coalesce(daily.converted, 0) <> coalesce(lifetime.converted, 0)
    or coalesce(happened.converted, 0) <> coalesce(lifetime.converted, 0)
