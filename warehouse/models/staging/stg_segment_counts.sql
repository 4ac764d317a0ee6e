-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    segment_id,
    to_timestamp(nullif(counted_at, 0)) as counted_at,
    count as members,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    _dlt_load_id as loaded_by
from {{ raw('segment_counts') }} as segment_counts
