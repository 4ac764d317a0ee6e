-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    newsletter_id,
    id as test_group_id,
    nullif(name, '') as name,
    nullif(label, '') as label,
    winner as is_winner,
    content_ids,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('newsletter_test_groups') }} as newsletter_test_groups
