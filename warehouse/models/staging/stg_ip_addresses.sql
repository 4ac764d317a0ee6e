-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(address, '') as address,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('ip_addresses') }} as ip_addresses
