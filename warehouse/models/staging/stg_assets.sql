-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as asset_id,
    nullif(name, '') as name,
    parent_folder_id,
    {{ moment('created') }} as created_at,
    {{ moment('updated') }} as updated_at,
    nullif(path, '') as path,
    size as byte_count,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('assets') }} as assets
