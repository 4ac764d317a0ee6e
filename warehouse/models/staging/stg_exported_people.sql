-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    export_id,
    row_number,
    "row" as cells,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    _dlt_load_id as loaded_by
from {{ raw('exported_people') }} as exported_people
