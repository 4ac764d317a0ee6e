-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(resource, '') as table_name,
    to_timestamp(nullif(start_at, 0)) as first_second_at,
    to_timestamp(nullif(end_at, 0)) as last_second_at,
    to_timestamp(nullif(read_at, 0)) as read_at,
    nullif(backfill, '') as backfill,
    _dlt_load_id as loaded_by
from {{ raw('coverage') }} as coverage
