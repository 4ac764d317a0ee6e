-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    sender_id,
    campaigns,
    sent_newsletters,
    draft_newsletters,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    to_timestamp(nullif(deleted_at, 0)) as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('sender_usage') }} as sender_usage
