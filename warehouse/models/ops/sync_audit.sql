-- The runs of syncs and backfills, a row per run and table: requests, rows, duration and result.
select
    run_id,
    trace_id,
    workspace_name,
    table_name,
    finished_at,
    noted_at,
    is_full,
    backfill,
    requests,
    requests_predicted,
    rows_read,
    rows_new,
    rows_changed,
    rows_deleted,
    rows_rejected,
    greatest(rows_read - rows_new - rows_changed, 0) as rows_unchanged,
    seconds,
    requests / nullif(seconds, 0) as requests_per_second,
    case when error is null then 'done' else 'failed' end as status,
    error
from {{ ref('stg_sync_runs') }}
