-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(cio_id, '') as cio_id,
    nullif(customer_id, '') as person_id,
    nullif(channel, '') as channel,
    nullif("from", '') as sender,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('optouts') }} as optouts
