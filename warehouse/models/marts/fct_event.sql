{{ config(materialized='view') }}
-- What people did: the events that were sent to Customer.io, with the pages and screens that they looked at.
select
    activity_id,
    activity_type as event_type,
    coalesce(name, url) as event_name,
    happened_at,
    {{ day_of('happened_at') }} as happened_on,
    cio_id,
    {{ amount_of_event() }} as amount,
    data
from {{ ref('stg_activities') }}
where activity_type in ('event', 'page', 'screen')
