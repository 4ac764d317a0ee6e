-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    newsletter_id,
    content_id,
    link_id,
    nullif(href, '') as href,
    nullif(period, '') as period,
    {{ moment('start_at') }} as start_at,
    clicked,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('newsletter_content_link_metrics') }} as newsletter_content_link_metrics
