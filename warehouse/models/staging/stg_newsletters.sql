-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as newsletter_id,
    nullif(deduplicate_id, '') as deduplicate_id,
    content_ids,
    nullif(name, '') as name,
    {{ moment('sent_at') }} as sent_at,
    {{ moment('created') }} as created_at,
    {{ moment('updated') }} as updated_at,
    nullif(type, '') as channel,
    tags,
    recipient_segment_ids,
    subscription_topic_id,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('newsletters') }} as newsletters
