{{ config(
    materialized='incremental', unique_key='delivery_id', incremental_strategy='delete+insert',
    on_schema_change='fail',
    post_hook="{{ delete_vanished(ref('fct_delivery'), \"metric = 'created'\") }}",
) }}

with changed as (
    select *
    from {{ ref('fct_delivery') }}
    {% if is_incremental() %}
    where built_in > (select coalesce(max(built_in), 0) from {{ this }})
    {% endif %}
),

named as (
    select *, {{ json_names('metrics') }} as metric
    from changed
),

moments as (
    select *, {{ moment('metrics ->> metric') }} as happened_at
    from named
    union all
    select *, 'created' as metric, created_at as happened_at
    from changed
    {%- for metric in ('opened', 'clicked') %}
    union all
    -- What a person {{ metric }} was {{ metric }}, also if the time of that is no number.
    select *, '{{ metric }}' as metric, {{ metric }}_at as happened_at
    from changed
    where {{ metric }}_at is not null and {{ moment("metrics ->> '" ~ metric ~ "'") }} is null
    {%- endfor %}
)

select
    moments.delivery_id,
    moments.metric,
    moments.happened_at,
    {{ day_of('moments.happened_at') }} as happened_on,
    coalesce(metrics.is_machine, false) as is_machine,
    case
        when moments.metric in ('human_opened', 'prefetch_opened') then moments.knows_human_opens
        when moments.metric in ('human_clicked', 'prefetch_clicked') then moments.knows_human_clicks
        else true
    end as is_reliable,
    'api' as intake,
    moments.message_key,
    moments.source_type,
    moments.parent_id,
    moments.channel,
    moments.cio_id,
    moments.built_in
from moments
left join {{ ref('delivery_metrics') }} as metrics on metrics.metric = moments.metric
-- A key for each link that was clicked, without bound: the links have tables of their own.
where moments.happened_at is not null
    and moments.metric not like 'link:%'
    and moments.metric not like 'human_link:%'
