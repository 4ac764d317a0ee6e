-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(suppression_type, '') as suppression_type,
    domain as sending_domain,
    nullif(email, '') as email,
    {{ moment('created') }} as suppressed_at,
    nullif(reason, '') as reason,
    nullif(status, '') as status,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('esp_suppressions') }} as esp_suppressions
