-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(cio_id, '') as cio_id,
    nullif(id, '') as person_id,
    identifiers,
    attributes,
    timestamps,
    devices,
    unsubscribed as is_unsubscribed,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    to_timestamp(nullif(deleted_at, 0)) as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by,
    nullif(identifiers ->> 'email', '') as email
from {{ raw('people') }} as people
