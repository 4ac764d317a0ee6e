-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(resource, '') as table_name,
    {{ moment('start_at') }} as first_second_at,
    {{ moment('end_at') }} as last_second_at,
    {{ moment('read_at') }} as read_at,
    nullif(backfill, '') as backfill,
    _dlt_load_id as loaded_by
from {{ raw('coverage') }} as coverage
