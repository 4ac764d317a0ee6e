-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    segment_id,
    {{ moment('counted_at') }} as counted_at,
    count as members,
    {{ moment('first_seen_at') }} as first_seen_at,
    _dlt_load_id as loaded_by
from {{ raw('segment_counts') }} as segment_counts
