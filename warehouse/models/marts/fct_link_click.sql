-- The links that were clicked in each delivery. Metrics name a link by its number: link:7, and human_link:7 if a person
-- clicked it.
with named as (
    select
        delivery_id,
        message_key,
        source_type,
        parent_id,
        channel,
        cio_id,
        knows_human_clicks,
        metrics,
        {{ json_names('metrics') }} as metric
    from {{ ref('fct_delivery') }}
    where cast(metrics as varchar) like '%link:%'
),

linked as (
    select
        *,
        try_cast(split_part(metric, ':', 2) as bigint) as link_id,
        {{ moment('metrics ->> metric') }} as happened_at,
        metric like 'human_%' as is_human
    from named
    where metric like 'link:%' or metric like 'human_link:%'
)

select
    delivery_id,
    link_id,
    min(happened_at) as clicked_at,
    case when knows_human_clicks then min(happened_at) filter (where is_human) end as human_clicked_at,
    knows_human_clicks,
    message_key,
    source_type,
    parent_id,
    channel,
    cio_id
from linked
where link_id is not null and happened_at is not null
group by delivery_id, link_id, knows_human_clicks, message_key, source_type, parent_id, channel, cio_id
