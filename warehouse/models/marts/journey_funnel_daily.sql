-- Journeys by the day on which they began, and how far they have come; counts of old days still change.
{% set steps = ['started', 'activated', 'never_activated', 'messaged', 'finished', 'exited_early', 'converted'] %}

with days as (
    select
        campaign_id,
        {{ day_of('start_at') }} as day,
        {%- for step in steps %}
        cast(coalesce(sum(value) filter (where metric = '{{ step }}'), 0) as bigint) as {{ step }}
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
    {%- for step in steps %}
    days.{{ step }},
    {%- endfor %}
    1.0e0 * activated / nullif(started, 0) as activated_share,
    1.0e0 * messaged / nullif(activated, 0) as messaged_of_activated,
    1.0e0 * finished / nullif(activated, 0) as finished_of_activated,
    1.0e0 * exited_early / nullif(activated, 0) as exited_early_of_activated,
    1.0e0 * converted / nullif(activated, 0) as converted_of_activated
from days
left join {{ ref('stg_campaigns') }} as campaigns on campaigns.campaign_id = days.campaign_id
