-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(object_type_id, '') as object_type_id,
    nullif(object_id, '') as object_id,
    nullif(cio_id, '') as cio_id,
    nullif(id, '') as person_id,
    nullif(email, '') as email,
    object_type_disabled as is_type_disabled,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('relationships') }} as relationships
