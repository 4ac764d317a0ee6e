-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(cio_id, '') as cio_id,
    nullif(id, '') as person_id,
    identifiers,
    topics,
    unsubscribed as is_unsubscribed,
    header,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('subscription_preferences') }} as subscription_preferences
