-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as webhook_id,
    nullif(name, '') as name,
    nullif(type, '') as webhook_type,
    nullif(endpoint, '') as endpoint,
    events,
    disabled as is_disabled,
    full_resolution,
    with_content,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('reporting_webhooks') }} as reporting_webhooks
