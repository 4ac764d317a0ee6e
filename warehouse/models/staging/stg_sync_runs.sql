-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(run_id, '') as run_id,
    nullif(trace_id, '') as trace_id,
    workspace_id,
    nullif(workspace_name, '') as workspace_name,
    nullif(resource, '') as table_name,
    {{ moment('finished_at') }} as finished_at,
    {{ moment('noted_at') }} as noted_at,
    "full" as is_full,
    nullif(backfill, '') as backfill,
    requests,
    requests_predicted,
    rows_read,
    rows_new,
    rows_changed,
    rows_deleted,
    rows_rejected,
    seconds,
    nullif(error, '') as error,
    _dlt_load_id as loaded_by
from {{ raw('sync_runs') }} as sync_runs
