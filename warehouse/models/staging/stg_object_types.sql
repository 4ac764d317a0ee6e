-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(id, '') as object_type_id,
    nullif(name, '') as name,
    nullif(singular_name, '') as singular_name,
    nullif(slug, '') as slug,
    nullif(singular_slug, '') as singular_slug,
    nullif(icon, '') as icon,
    enabled as is_enabled,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('object_types') }} as object_types
