-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as collection_id,
    nullif(name, '') as name,
    "schema" as column_names,
    "rows" as row_count,
    bytes as byte_count,
    {{ moment('created_at') }} as created_at,
    {{ moment('updated_at') }} as updated_at,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('collections') }} as collections
