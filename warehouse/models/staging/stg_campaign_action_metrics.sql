-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    campaign_id,
    action_id,
    nullif(period, '') as period,
    {{ moment('start_at') }} as start_at,
    nullif(metric, '') as metric,
    value,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('campaign_action_metrics') }} as campaign_action_metrics
