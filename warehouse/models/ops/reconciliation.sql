-- What `cio-elt reconcile` compared with Customer.io's own numbers, and what came of it.
select checked_at, subject, parent_id, name, cohort_day, metric, ours, theirs, ours - theirs as difference, verdict, reason
from {{ ref('stg_reconciliation') }}
