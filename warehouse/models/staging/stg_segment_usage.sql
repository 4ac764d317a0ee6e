-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    segment_id,
    campaigns,
    sent_newsletters,
    draft_newsletters,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('segment_usage') }} as segment_usage
