-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    broadcast_id,
    id as trigger_id,
    to_timestamp(nullif(created_at, 0)) as created_at,
    to_timestamp(nullif(processed_at, 0)) as processed_at,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    to_timestamp(nullif(deleted_at, 0)) as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('broadcast_triggers') }} as broadcast_triggers
