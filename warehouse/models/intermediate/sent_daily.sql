{{ config(
    materialized='incremental', incremental_strategy='append', on_schema_change='fail',
    pre_hook="{{ delete_changed_days(ref('fct_delivery'), 'created_on', 'deliveries', 'sent_at is not null') }}",
) }}
-- The sent deliveries of each day of creation, by the weekday and the hour of sending: send_time_heatmap is their sum.
with sent as (
    select
        *,
        cast(extract(isodow from sent_at at time zone '{{ var("timezone") }}') as integer) as weekday,
        cast(extract(hour from sent_at at time zone '{{ var("timezone") }}') as integer) as hour
    from {{ ref('fct_delivery') }}
    where {{ lacking_days(ref('fct_delivery'), 'created_on', 'deliveries', 'sent_at is not null') }}
)

select created_on, channel, weekday, hour, {{ count_deliveries() }}, max(built_in) as built_in
from sent
group by created_on, channel, weekday, hour
