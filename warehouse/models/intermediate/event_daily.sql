{{ config(
    materialized='incremental', incremental_strategy='append', on_schema_change='fail',
    pre_hook="{{ delete_changed_days(ref('fct_delivery_event'), 'happened_on', 'events') }}",
) }}
-- The number of events by the day on which they happened: channel_daily has them on its clock `event`.
select
    happened_on,
    channel,
    source_type,
    metric,
    count(*) as events,
    count(*) filter (where is_reliable or metric not like 'human_%') as happened,
    max(built_in) as built_in
from {{ ref('fct_delivery_event') }}
where {{ lacking_days(ref('fct_delivery_event'), 'happened_on', 'events') }}
group by happened_on, channel, source_type, metric
