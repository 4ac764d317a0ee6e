-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(name, '') as snippet_name,
    nullif(value, '') as snippet_value,
    {{ moment('updated_at') }} as updated_at,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('snippets') }} as snippets
