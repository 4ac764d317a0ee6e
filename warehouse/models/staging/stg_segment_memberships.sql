-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    segment_id,
    nullif(cio_id, '') as cio_id,
    nullif(email, '') as email,
    nullif(id, '') as person_id,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('segment_memberships') }} as segment_memberships
