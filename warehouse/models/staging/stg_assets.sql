-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as asset_id,
    nullif(name, '') as name,
    parent_folder_id,
    to_timestamp(nullif(created, 0)) as created_at,
    to_timestamp(nullif(updated, 0)) as updated_at,
    nullif(path, '') as path,
    size as byte_count,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    to_timestamp(nullif(deleted_at, 0)) as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('assets') }} as assets
