-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    broadcast_id,
    action_id,
    link_id,
    nullif(href, '') as href,
    nullif(period, '') as period,
    to_timestamp(nullif(start_at, 0)) as start_at,
    clicked,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    to_timestamp(nullif(deleted_at, 0)) as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('broadcast_action_link_metrics') }} as broadcast_action_link_metrics
