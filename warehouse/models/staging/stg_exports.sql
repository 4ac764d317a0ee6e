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
    to_timestamp(nullif(created_at, 0)) as created_at,
    to_timestamp(nullif(updated_at, 0)) as updated_at,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    to_timestamp(nullif(deleted_at, 0)) as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('exports') }} as exports
