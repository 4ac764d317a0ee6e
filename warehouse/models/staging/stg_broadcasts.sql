-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as broadcast_id,
    nullif(deduplicate_id, '') as deduplicate_id,
    nullif(name, '') as name,
    nullif(type, '') as broadcast_type,
    {{ moment('created') }} as created_at,
    {{ moment('updated') }} as updated_at,
    active as is_active,
    nullif(state, '') as state,
    actions,
    msg_template_ids,
    {{ moment('first_started') }} as first_started_at,
    tags,
    nullif(description, '') as description,
    {{ moment('scheduled_start') }} as scheduled_start_at,
    {{ moment('scheduled_stop') }} as scheduled_stop_at,
    scheduled_start_should_backfill,
    scheduled_stop_should_sunset,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('broadcasts') }} as broadcasts
