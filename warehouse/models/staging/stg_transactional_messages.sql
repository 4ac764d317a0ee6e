-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as transactional_message_id,
    nullif(name, '') as name,
    nullif(description, '') as description,
    nullif(trigger_name, '') as trigger_name,
    send_to_unsubscribed,
    link_tracking,
    open_tracking,
    hide_message_body,
    queue_drafts,
    {{ moment('created_at') }} as created_at,
    {{ moment('updated_at') }} as updated_at,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('transactional_messages') }} as transactional_messages
