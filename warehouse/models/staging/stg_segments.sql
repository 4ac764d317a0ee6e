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
    to_timestamp(nullif(created_at, 0)) as created_at,
    to_timestamp(nullif(updated_at, 0)) as updated_at,
    conditions,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    to_timestamp(nullif(deleted_at, 0)) as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('segments') }} as segments
