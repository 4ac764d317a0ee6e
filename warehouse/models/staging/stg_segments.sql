-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as segment_id,
    nullif(deduplicate_id, '') as deduplicate_id,
    nullif(name, '') as name,
    nullif(description, '') as description,
    nullif(state, '') as state,
    progress,
    nullif(type, '') as segment_type,
    tags,
    {{ moment('created_at') }} as created_at,
    {{ moment('updated_at') }} as updated_at,
    conditions,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('segments') }} as segments
