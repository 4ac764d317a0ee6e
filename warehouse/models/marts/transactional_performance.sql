with performance as (
    {{ performance('transactional') }}
),

-- The time from creation to sending, and the share of deliveries whose content Customer.io does not keep.
sending as (
    select
        parent_id,
        percentile_cont(0.5) within group (order by {{ seconds_between('created_at', 'sent_at') }}) as p50_seconds_to_send,
        percentile_cont(0.95) within group (order by {{ seconds_between('created_at', 'sent_at') }}) as p95_seconds_to_send,
        count(*) filter (where is_forgotten) as forgotten,
        1.0e0 * count(*) filter (where is_forgotten) / count(*) as forgotten_share
    from {{ ref('fct_delivery') }}
    where source_type = 'transactional'
    group by parent_id
)

select performance.*, p50_seconds_to_send, p95_seconds_to_send, forgotten, forgotten_share
from performance
inner join sending using (parent_id)
