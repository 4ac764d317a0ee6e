-- The number of deliveries is the same in staging, in the fact tables, and in each table of sums.
with counts as (
    select 'stg_messages' as counted_in, count(*) as deliveries from {{ ref('stg_messages') }}
    union all
    select 'fct_delivery', count(*) from {{ ref('fct_delivery') }}
    union all
    select 'fct_delivery_event', count(*) from {{ ref('fct_delivery_event') }} where metric = 'created'
    union all
    select 'message_daily', coalesce(sum(deliveries), 0) from {{ ref('message_daily') }}
    union all
    select 'message_performance', coalesce(sum(deliveries), 0) from {{ ref('message_performance') }}
    union all
    select 'dim_message', coalesce(sum(deliveries), 0) from {{ ref('dim_message') }}
    union all
    select 'channel_daily, cohort', coalesce(sum(deliveries), 0) from {{ ref('channel_daily') }} where clock = 'cohort'
    union all
    select 'channel_daily, event', coalesce(sum(deliveries), 0) from {{ ref('channel_daily') }} where clock = 'event'
)

select *
from counts
where deliveries <> (select count(*) from {{ ref('stg_messages') }})
