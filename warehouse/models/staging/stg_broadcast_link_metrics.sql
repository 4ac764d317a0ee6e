-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    broadcast_id,
    link_id,
    nullif(href, '') as href,
    nullif(period, '') as period,
    {{ moment('start_at') }} as start_at,
    clicked,
    unique_clicked,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('broadcast_link_metrics') }} as broadcast_link_metrics
