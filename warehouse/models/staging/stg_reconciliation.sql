-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(cell, '') as cell,
    {{ moment('checked_at') }} as checked_at,
    nullif(subject, '') as subject,
    parent_id,
    nullif(name, '') as name,
    cohort_day,
    nullif(metric, '') as metric,
    ours,
    theirs,
    nullif(verdict, '') as verdict,
    nullif(reason, '') as reason,
    _dlt_load_id as loaded_by
from {{ raw('reconciliation') }} as reconciliation
