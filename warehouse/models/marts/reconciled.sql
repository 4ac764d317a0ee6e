-- The comparison with Customer.io's numbers by the marts' schema too: customerio.reconciliation.
{{ config(alias='reconciliation', materialized='view') }}

select checked_at, subject, parent_id, name, cohort_day, metric, ours, theirs, difference, verdict, reason
from {{ ref('reconciliation') }}
