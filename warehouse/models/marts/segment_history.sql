-- The size of each segment, a row per day from the first sync on: people who joined, who left, and who were in it.
with moves as (
    select segment_id, {{ day_of('valid_from') }} as day, 1 as joined, 0 as left_it
    from {{ ref('segment_membership_history') }}
    union all
    select segment_id, {{ day_of('valid_to') }}, 0, 1
    from {{ ref('segment_membership_history') }}
    where valid_to is not null
),

-- An empty segment has no members, so its history begins with the first sync of the segment itself.
first_days as (
    select segment_id, {{ day_of('first_seen_at') }} as first_day
    from {{ ref('stg_segments') }}
    union all
    select segment_id, day from moves
),

days as (
    select first_days.segment_id, cast(day.day as date) as day
    from (select segment_id, min(first_day) as first_day from first_days group by segment_id) as first_days
    cross join lateral (
        select unnest(generate_series(
            cast(first_day as timestamp), cast({{ day_of(as_of()) }} as timestamp), interval '1 day'
        )) as day
    ) as day
),

daily as (
    select segment_id, day, sum(joined) as joined, sum(left_it) as left_it
    from moves
    group by segment_id, day
),

counted as (
    select segment_id, {{ day_of('counted_at') }} as day, members,
        row_number() over (partition by segment_id, {{ day_of('counted_at') }} order by counted_at desc) as newest
    from {{ ref('stg_segment_counts') }}
)

select
    days.segment_id,
    segments.name,
    days.day,
    cast(sum(coalesce(daily.joined, 0) - coalesce(daily.left_it, 0)) over (
        partition by days.segment_id order by days.day
    ) as bigint) as members,
    cast(coalesce(daily.joined, 0) as bigint) as joined,
    cast(coalesce(daily.left_it, 0) as bigint) as left_it,
    cast(coalesce(daily.joined, 0) - coalesce(daily.left_it, 0) as bigint) as net,
    counted.members as customer_count,
    segments.state,
    segments.is_deleted,
    json_array_length(usage.campaigns) as used_by_campaigns,
    json_array_length(usage.sent_newsletters) as used_by_sent_newsletters,
    json_array_length(usage.draft_newsletters) as used_by_draft_newsletters
from days
left join daily on daily.segment_id = days.segment_id and daily.day = days.day
left join counted on counted.segment_id = days.segment_id and counted.day = days.day and counted.newest = 1
left join {{ ref('stg_segments') }} as segments on segments.segment_id = days.segment_id
left join {{ ref('stg_segment_usage') }} as usage on usage.segment_id = days.segment_id
