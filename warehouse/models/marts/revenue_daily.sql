-- The amounts of the events that `revenue_events` names, by day.
select
    happened_on as day,
    event_name,
    count(amount) as amounts,
    count(*) - count(amount) as without_amount,
    count(distinct cio_id) as people,
    sum(amount) as revenue
from {{ ref('fct_event') }}
where event_type = 'event' and event_name in ({{ revenue_events() }})
group by happened_on, event_name
