-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    {{ moment('noted_at') }} as noted_at,
    nullif(change, '') as change,
    nullif(table_name, '') as table_name,
    nullif(name, '') as name,
    nullif(before, '') as before,
    nullif(after, '') as after
from {{ raw('schema_changes') }} as schema_changes
