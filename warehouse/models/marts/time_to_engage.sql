-- The time from delivery to open, click and conversion: a row per message, kind of engagement and bucket of time.
with engagements as (
    {%- for engagement, column, among in [
        ('open', 'opened_at', 'is_openable'),
        ('human_open', 'human_opened_at', 'is_openable and knows_human_opens'),
        ('click', 'clicked_at', 'is_clickable'),
        ('human_click', 'human_clicked_at', 'is_clickable and knows_human_clicks'),
        ('conversion', 'converted_at', 'is_reached'),
    ] %}
    select
        message_key,
        '{{ engagement }}' as engagement,
        {{ seconds_between('coalesce(delivered_at, sent_at)', column) }} as seconds
    from {{ ref('fct_delivery') }}
    where {{ among }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

totals as (
    select
        message_key,
        engagement,
        count(*) as reached,
        count(seconds) as engaged,
        count(*) filter (where seconds < 0) as before_delivery,
        -- One sort gives all three.
        percentile_cont(array[0.5, 0.75, 0.9]) within group (order by seconds) as percentiles
    from engagements
    group by message_key, engagement
),

buckets as (
    {%- for label, seconds in time_buckets() %}
    select {{ loop.index }} as bucket, '{{ label }}' as bucket_label, cast({{ seconds }} as bigint) as upto_seconds
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- The first bucket that counts each engagement; null if it came after the last bucket.
by_first_bucket as (
    select
        message_key,
        engagement,
        case
            {%- for _, seconds in time_buckets() %}
            when seconds <= {{ seconds }} then {{ loop.index }}
            {%- endfor %}
        end as bucket,
        count(*) as engaged_first
    from engagements
    where seconds is not null
    group by 1, 2, 3
)

select
    totals.message_key,
    totals.engagement,
    buckets.bucket,
    buckets.bucket_label,
    buckets.upto_seconds,
    cast(sum(coalesce(by_first_bucket.engaged_first, 0)) over cumulative as bigint) as engaged_within,
    totals.engaged,
    totals.reached,
    1.0e0 * sum(coalesce(by_first_bucket.engaged_first, 0)) over cumulative / nullif(totals.engaged, 0) as share_of_engaged,
    totals.before_delivery,
    totals.percentiles[1] as p50_seconds,
    totals.percentiles[2] as p75_seconds,
    totals.percentiles[3] as p90_seconds
from totals
cross join buckets
left join by_first_bucket on by_first_bucket.message_key = totals.message_key
    and by_first_bucket.engagement = totals.engagement and by_first_bucket.bucket = buckets.bucket
window cumulative as (partition by totals.message_key, totals.engagement order by buckets.bucket)
