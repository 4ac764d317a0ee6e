-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(id, '') as email_id,
    nullif(name, '') as name,
    nullif(parent_folder_id, '') as parent_folder_id,
    to_timestamp(nullif(created, 0)) as created_at,
    to_timestamp(nullif(updated, 0)) as updated_at,
    is_template,
    is_linked,
    has_translations,
    to_timestamp(nullif(first_seen_at, 0)) as first_seen_at,
    to_timestamp(nullif(deleted_at, 0)) as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by
from {{ raw('design_studio_emails') }} as design_studio_emails
