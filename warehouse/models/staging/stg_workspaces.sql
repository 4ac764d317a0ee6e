-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as workspace_id,
    nullif(name, '') as name,
    messages_sent,
    billable_messages_sent,
    people,
    object_types,
    objects,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('workspaces') }} as workspaces
