-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as export_id,
    nullif(deduplicate_id, '') as deduplicate_id,
    nullif(type, '') as export_type,
    nullif(status, '') as status,
    failed as is_failed,
    nullif(description, '') as description,
    total,
    downloads,
    user_id,
    nullif(user_email, '') as user_email,
    {{ moment('created_at') }} as created_at,
    {{ moment('updated_at') }} as updated_at,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('exports') }} as exports
