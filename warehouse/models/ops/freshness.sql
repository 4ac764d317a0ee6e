-- The lag of each table: since the last second that was read, or since the last success where rows have no time.
with runs as (
    select
        table_name,
        max(finished_at) as last_run_at,
        max(finished_at) filter (where status = 'done') as last_success_at,
        count(*) as runs,
        count(*) filter (where status = 'failed') as failures
    from {{ ref('sync_audit') }}
    where backfill is null
    group by table_name
),

covered as (
    select table_name, max(last_second_at) as covered_until
    from {{ ref('coverage') }}
    group by table_name
)

select
    runs.table_name,
    runs.last_run_at,
    runs.last_success_at,
    covered.covered_until,
    greatest(0, {{ seconds_between('coalesce(covered.covered_until, runs.last_success_at)', as_of()) }}) as lag_seconds,
    runs.runs,
    runs.failures
from runs
left join covered on covered.table_name = runs.table_name
