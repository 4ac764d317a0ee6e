-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(object_type_id, '') as object_type_id,
    nullif(object_id, '') as object_id,
    nullif(cio_object_id, '') as cio_object_id,
    attributes,
    timestamps,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('objects') }} as objects
