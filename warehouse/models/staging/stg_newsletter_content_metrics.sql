-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    newsletter_id,
    content_id,
    nullif(period, '') as period,
    to_timestamp(nullif(start_at, 0)) as start_at,
    nullif(metric, '') as metric,
    value,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    to_timestamp(nullif(deleted_at, 0)) as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('newsletter_content_metrics') }} as newsletter_content_metrics
