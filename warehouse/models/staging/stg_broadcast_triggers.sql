-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    broadcast_id,
    id as trigger_id,
    {{ moment('created_at') }} as created_at,
    {{ moment('processed_at') }} as processed_at,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('broadcast_triggers') }} as broadcast_triggers
