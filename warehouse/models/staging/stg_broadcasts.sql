-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as broadcast_id,
    nullif(deduplicate_id, '') as deduplicate_id,
    nullif(name, '') as name,
    nullif(type, '') as broadcast_type,
    to_timestamp(nullif(created, 0)) as created_at,
    to_timestamp(nullif(updated, 0)) as updated_at,
    active as is_active,
    nullif(state, '') as state,
    actions,
    msg_template_ids,
    to_timestamp(nullif(first_started, 0)) as first_started_at,
    tags,
    nullif(description, '') as description,
    to_timestamp(nullif(scheduled_start, 0)) as scheduled_start_at,
    to_timestamp(nullif(scheduled_stop, 0)) as scheduled_stop_at,
    scheduled_start_should_backfill,
    scheduled_stop_should_sunset,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    to_timestamp(nullif(deleted_at, 0)) as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('broadcasts') }} as broadcasts
