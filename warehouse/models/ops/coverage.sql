-- The periods that were read completely, joined where they meet; the time between two of them is a gap.
with covered as (
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
    from covered
),

numbered as (
    select
        *,
        sum(begins) over (
            partition by table_name order by first_second_at, last_second_at rows unbounded preceding
        ) as period_number
    from marked
),

periods as (
    select table_name, period_number, min(first_second_at) as first_second_at, max(last_second_at) as last_second_at
    from numbered
    group by table_name, period_number
)

select
    table_name,
    first_second_at,
    last_second_at,
    {{ seconds_between('first_second_at', 'last_second_at') }} + 1 as seconds,
    {{ seconds_between(
        'lag(last_second_at) over (partition by table_name order by first_second_at)', 'first_second_at'
    ) }} - 1 as gap_before_seconds
from periods
