-- Addresses that the email provider suppresses: their number by day, and those that running campaigns still target.
with rows_of_day as (
    select suppression_type, sending_domain, {{ day_of('suppressed_at') }} as day, 1 as added, 0 as lifted
    from {{ ref('stg_esp_suppressions') }}
    union all
    select suppression_type, sending_domain, {{ day_of('deleted_at') }}, 0, 1
    from {{ ref('stg_esp_suppressions') }}
    where is_deleted
),

daily as (
    select suppression_type, sending_domain, day, sum(added) as added, sum(lifted) as lifted
    from rows_of_day
    group by suppression_type, sending_domain, day
),

people as (
    select lower(email) as email, min(cio_id) as cio_id
    from {{ ref('stg_people') }}
    where not is_deleted and email is not null
    group by lower(email)
),

targeted as (
    select distinct members.cio_id
    from {{ ref('stg_campaigns') }} as campaigns
    cross join lateral {{ json_entries('campaigns.trigger_segment_ids') }} as trigger
    inner join {{ ref('stg_segment_memberships') }} as members
        on members.segment_id = try_cast(trigger.value as bigint) and not members.is_deleted
    where campaigns.state = 'running' and not campaigns.is_deleted
),

-- The addresses on the lists now: those of people of this workspace, and those that a running campaign targets.
current_lists as (
    select
        suppressions.suppression_type,
        suppressions.sending_domain,
        count(people.cio_id) as own_people,
        count(*) - count(people.cio_id) as foreign_addresses,
        count(targeted.cio_id) as targeted_people
    from {{ ref('stg_esp_suppressions') }} as suppressions
    left join people on people.email = lower(suppressions.email)
    left join targeted on targeted.cio_id = people.cio_id
    where not suppressions.is_deleted
    group by suppressions.suppression_type, suppressions.sending_domain
),

base as (
    select count(*) as reachable from {{ ref('stg_people') }} where not is_deleted and email is not null
)

select
    daily.day,
    daily.suppression_type,
    daily.sending_domain,
    cast(daily.added as bigint) as added,
    cast(daily.lifted as bigint) as lifted,
    cast(sum(daily.added - daily.lifted) over to_here as bigint) as current_addresses,
    coalesce(current_lists.own_people, 0) as own_people_now,
    coalesce(current_lists.foreign_addresses, 0) as foreign_addresses_now,
    coalesce(current_lists.targeted_people, 0) as targeted_people_now,
    1.0e0 * coalesce(current_lists.own_people, 0) / nullif(base.reachable, 0) as share_of_people_now
from daily
cross join base
left join current_lists on current_lists.suppression_type = daily.suppression_type
    and coalesce(current_lists.sending_domain, '') = coalesce(daily.sending_domain, '')
window to_here as (partition by daily.suppression_type, daily.sending_domain order by daily.day)
