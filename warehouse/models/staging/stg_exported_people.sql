-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    export_id,
    row_number,
    "row" as cells,
    {{ moment('first_seen_at') }} as first_seen_at,
    _dlt_load_id as loaded_by
from {{ raw('exported_people') }} as exported_people
