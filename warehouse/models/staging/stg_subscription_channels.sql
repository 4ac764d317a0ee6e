-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as channel_id,
    nullif(identifier, '') as identifier,
    nullif(type, '') as channel,
    nullif(name, '') as name,
    nullif(description, '') as description,
    subscribed_by_default,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('subscription_channels') }} as subscription_channels
