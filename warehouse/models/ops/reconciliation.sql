-- The warehouse's counts beside Customer.io's own, as `cio-elt reconcile` last compared them.
select checked_at, subject, parent_id, name, cohort_day, metric, ours, theirs, ours - theirs as difference, verdict, reason
from {{ ref('stg_reconciliation') }}
