-- Two clocks: `cohort` dates each metric by the delivery's creation, as Customer.io's own pages do; `event` dates it
-- by the day on which it happened. A rate needs a cohort, so the event clock has counts only.
with cohort as (
    select
        created_on as day,
        'cohort' as clock,
        channel,
        source_type,
        max(last_created_at) as last_created_at,
        {{ sum_counts() }}
    from {{ ref('message_daily') }}
    group by created_on, channel, source_type
),

events as (
    select happened_on as day, channel, source_type, metric, happened
    from {{ ref('event_daily') }}
    where happened > 0
),

happened as (
    select
        day,
        'event' as clock,
        channel,
        source_type,
        cast(coalesce(sum(happened) filter (where metric = 'created'), 0) as bigint) as deliveries,
        cast(null as bigint) as reached,
        {%- for name, _, _ in counted() if name not in ('deliveries', 'reached') %}
        cast(coalesce(sum(happened) filter (where metric = '{{ name }}'), 0) as bigint) as {{ name }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from events
    group by day, channel, source_type
)

select day, clock, channel, source_type, {{ maturity('last_created_at') }}, {{ with_rates() }}
from cohort
union all
select
    day,
    clock,
    channel,
    source_type,
    {%- for what in var('mature_after_days') %}
    cast(null as boolean) as is_mature_{{ what }},
    {%- endfor %}
    {%- for name, _, _ in counted() %}
    {{ name }},
    {%- endfor %}
    {%- for rate in rates() %}
    null, null, null, null, null
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
from happened
