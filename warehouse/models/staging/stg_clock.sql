-- One row: the time of the newest run by Customer.io's clock. Every mart takes it as the current time.
select max(moment) as as_of
from (
    select max(finished_at) as moment from {{ ref('stg_sync_runs') }}
    union all
    select max(read_at) from {{ ref('stg_coverage') }}
    union all
    select max(created_at) from {{ ref('stg_messages') }}
    where not exists (select 1 from {{ ref('stg_sync_runs') }})
) as moments
