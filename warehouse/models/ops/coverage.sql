-- The stretches of time that are proven to be here, joined where they meet; what lies between two is a gap.
with proven as (
    select coverage.table_name, coverage.first_second_at, coverage.last_second_at
    from {{ ref('stg_coverage') }} as coverage
    inner join {{ raw('_dlt_loads') }} as loads on loads.load_id = coverage.loaded_by and loads.status = 0
),

marked as (
    select
        *,
        case
            when first_second_at <= max(last_second_at) over (
                partition by table_name order by first_second_at, last_second_at
                rows between unbounded preceding and 1 preceding
            ) + interval '1 second' then 0
            else 1
        end as begins
    from proven
),

numbered as (
    select
        *,
        sum(begins) over (
            partition by table_name order by first_second_at, last_second_at rows unbounded preceding
        ) as stretch
    from marked
),

stretches as (
    select table_name, stretch, min(first_second_at) as first_second_at, max(last_second_at) as last_second_at
    from numbered
    group by table_name, stretch
)

select
    table_name,
    first_second_at,
    last_second_at,
    {{ seconds_between('first_second_at', 'last_second_at') }} + 1 as seconds,
    {{ seconds_between(
        'lag(last_second_at) over (partition by table_name order by first_second_at)', 'first_second_at'
    ) }} - 1 as gap_before_seconds
from stretches
