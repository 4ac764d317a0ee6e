-- ops.reconciliation in the schema of the marts: customerio.reconciliation.
{{ config(alias='reconciliation', materialized='view') }}

select checked_at, subject, parent_id, name, cohort_day, metric, ours, theirs, difference, verdict, reason
from {{ ref('reconciliation') }}
