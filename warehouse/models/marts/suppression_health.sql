-- Those who cannot or will not be written to: addresses that the email provider suppresses, and opt-outs from senders of
-- other channels; their number by day, and those that running campaigns still target.
with addresses as (
    select lower(email) as email, min(cio_id) as cio_id
    from {{ ref('stg_people') }}
    where not is_deleted and email is not null
    group by lower(email)
),

-- Opt-outs have no times: the sync that first saw one gives its day.
listed as (
    select
        'email' as channel,
        suppressions.suppression_type,
        suppressions.sending_domain,
        cast(null as varchar) as sender,
        suppressions.suppressed_at as added_at,
        suppressions.deleted_at as lifted_at,
        addresses.cio_id
    from {{ ref('stg_esp_suppressions') }} as suppressions
    left join addresses on addresses.email = lower(suppressions.email)
    union all
    select optouts.channel, 'optout', null, optouts.sender, optouts.first_seen_at, optouts.deleted_at, people.cio_id
    from {{ ref('stg_optouts') }} as optouts
    left join {{ ref('stg_people') }} as people on people.cio_id = optouts.cio_id and not people.is_deleted
),

rows_of_day as (
    select channel, suppression_type, sending_domain, sender, {{ day_of('added_at') }} as day, 1 as added, 0 as lifted
    from listed
    union all
    select channel, suppression_type, sending_domain, sender, {{ day_of('lifted_at') }}, 0, 1
    from listed
    where lifted_at is not null
),

daily as (
    select channel, suppression_type, sending_domain, sender, day, sum(added) as added, sum(lifted) as lifted
    from rows_of_day
    group by channel, suppression_type, sending_domain, sender, day
),

targeted as (
    select distinct members.cio_id
    from {{ ref('stg_campaigns') }} as campaigns
    cross join lateral {{ json_entries('campaigns.trigger_segment_ids') }} as trigger
    inner join {{ ref('stg_segment_memberships') }} as members
        on members.segment_id = try_cast(trigger.value as bigint) and not members.is_deleted
    where campaigns.state = 'running' and not campaigns.is_deleted
),

-- The lists as they are now: people of this workspace, and those that a running campaign targets.
current_lists as (
    select
        listed.channel,
        listed.suppression_type,
        listed.sending_domain,
        listed.sender,
        count(listed.cio_id) as own_people,
        count(*) - count(listed.cio_id) as foreign_addresses,
        count(targeted.cio_id) as targeted_people
    from listed
    left join targeted on targeted.cio_id = listed.cio_id
    where listed.lifted_at is null
    group by listed.channel, listed.suppression_type, listed.sending_domain, listed.sender
),

base as (
    select
        count(email) as with_address,
        count(nullif(attributes ->> 'phone', '')) as with_phone
    from {{ ref('stg_people') }}
    where not is_deleted
)

select
    daily.day,
    daily.channel,
    daily.suppression_type,
    daily.sending_domain,
    daily.sender,
    cast(daily.added as bigint) as added,
    cast(daily.lifted as bigint) as lifted,
    cast(sum(daily.added - daily.lifted) over to_here as bigint) as current_addresses,
    coalesce(current_lists.own_people, 0) as own_people_now,
    coalesce(current_lists.foreign_addresses, 0) as foreign_addresses_now,
    coalesce(current_lists.targeted_people, 0) as targeted_people_now,
    1.0e0 * coalesce(current_lists.own_people, 0)
        / nullif(case daily.channel when 'email' then base.with_address else base.with_phone end, 0) as share_of_people_now
from daily
cross join base
left join current_lists on current_lists.channel = daily.channel
    and current_lists.suppression_type = daily.suppression_type
    and coalesce(current_lists.sending_domain, '') = coalesce(daily.sending_domain, '')
    and coalesce(current_lists.sender, '') = coalesce(daily.sender, '')
window to_here as (
    partition by daily.channel, daily.suppression_type, daily.sending_domain, daily.sender order by daily.day
)
