-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(object_type_id, '') as object_type_id,
    nullif(object_id, '') as object_id,
    nullif(cio_id, '') as cio_id,
    nullif(id, '') as person_id,
    nullif(email, '') as email,
    object_type_disabled as is_type_disabled,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    to_timestamp(nullif(deleted_at, 0)) as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('relationships') }} as relationships
