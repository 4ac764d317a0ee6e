-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(id, '') as activity_id,
    nullif(type, '') as activity_type,
    {{ moment('"timestamp"') }} as happened_at,
    nullif(customer_id, '') as customer_id,
    customer_identifiers,
    nullif(delivery_id, '') as delivery_id,
    nullif(delivery_type, '') as delivery_type,
    nullif(name, '') as name,
    nullif(url, '') as url,
    data,
    {{ moment('first_seen_at') }} as first_seen_at,
    _dlt_load_id as loaded_by,
    nullif(customer_identifiers ->> 'cio_id', '') as cio_id
from {{ raw('activities') }} as activities
