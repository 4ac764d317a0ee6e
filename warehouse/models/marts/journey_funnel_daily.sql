-- Journeys by the day on which they began, and how far they have come; counts of old days still change.
{% set counts = journey_counts() %}

with days as (
    select
        campaign_id,
        {{ day_of('start_at') }} as day,
        {%- for count in counts %}
        cast(coalesce(sum(value) filter (where metric = '{{ count }}'), 0) as bigint) as {{ count }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref('stg_campaign_journey_metrics') }}
    where not is_deleted and period = 'days'
    group by campaign_id, {{ day_of('start_at') }}
)

select
    days.campaign_id,
    campaigns.name as campaign_name,
    days.day,
    {%- for count in counts %}
    days.{{ count }},
    {%- endfor %}
    {%- for name, numerator, denominator in journey_shares() %}
    1.0e0 * {{ numerator }} / nullif({{ denominator }}, 0) as {{ name }}
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
from days
left join {{ ref('stg_campaigns') }} as campaigns on campaigns.campaign_id = days.campaign_id
