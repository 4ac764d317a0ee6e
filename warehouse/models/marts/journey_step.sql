-- The steps of each campaign in their order, with the counts and rates of their messages.
with steps as (
    select
        campaigns.campaign_id,
        campaigns.name as campaign_name,
        row_number() over (partition by campaigns.campaign_id order by try_cast(step.key as bigint)) as position,
        try_cast(step.value ->> 'id' as bigint) as action_id,
        step.value ->> 'type' as action_type
    from {{ ref('stg_campaigns') }} as campaigns
    cross join lateral {{ json_entries('campaigns.actions') }} as step
    where not campaigns.is_deleted
)

select
    steps.campaign_id,
    steps.campaign_name,
    steps.position,
    steps.action_id,
    steps.action_type,
    actions.name as action_name,
    performance.message_key,
    coalesce(performance.deliveries, 0) as deliveries,
    coalesce(performance.sent, 0) as sent,
    coalesce(performance.reached, 0) as reached,
    coalesce(performance.opened, 0) as opened,
    coalesce(performance.clicked, 0) as clicked,
    coalesce(performance.converted, 0) as converted
from steps
left join {{ ref('stg_campaign_actions') }} as actions
    on actions.campaign_id = steps.campaign_id and actions.action_id = cast(steps.action_id as varchar)
left join {{ ref('message_performance') }} as performance
    on performance.message_key = {{ message_key("'campaign'", 'steps.campaign_id', 'steps.action_id') }}
