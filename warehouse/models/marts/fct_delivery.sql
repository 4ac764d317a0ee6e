{{ config(
    materialized='incremental', unique_key='delivery_id', incremental_strategy='delete+insert',
    on_schema_change='fail',
    post_hook="{{ delete_vanished(ref('stg_messages')) }}",
) }}

with changed as (
    select *
    from {{ ref('stg_messages') }}
    {% if is_incremental() %}
    where loaded_by in ({{ new_loads(ref('stg_messages')) }})
    {% endif %}
),

with_parents as (
    select
        changed.*,
        case
            when broadcast_id is not null then 'broadcast'
            when campaign_id is not null then 'campaign'
            when newsletter_id is not null then 'newsletter'
            when transactional_message_id is not null then 'transactional'
            else 'unknown'
        end as source_type,
        coalesce(broadcast_id, campaign_id, newsletter_id, transactional_message_id) as parent_id,
        coalesce(
            action_id,
            content_id,
            case when transactional_message_id is not null then msg_template_id end
        ) as unit_id,
        -- A channel that the seed lacks counts as one of messages to people.
        coalesce(channels.reaches_people, true) as reaches_people,
        coalesce(channels.reports_delivery, true) as reports_delivery,
        coalesce(channels.can_be_opened, true) as can_be_opened,
        coalesce(channels.can_be_clicked, true) as can_be_clicked,
        coalesce(channels.can_be_reported_as_spam, false) as can_be_reported_as_spam,
        created_at >= timestamptz '{{ var("human_opens_since") }} 00:00:00+00' as knows_human_opens,
        created_at >= timestamptz '{{ var("human_clicks_since") }} 00:00:00+00' as knows_human_clicks
    from changed
    left join {{ ref('channels') }} as channels using (channel)
),

with_reach as (
    select
        *,
        reaches_people and (
            delivered_at is not null
            or coalesce(opened_at, clicked_at, converted_at, replied_at, unsubscribed_at, topic_unsubscribed_at, spammed_at)
                is not null
            or (sent_at is not null and not reports_delivery)
        ) as is_reached
    from with_parents
)

select
    delivery_id,
    {{ message_key('source_type', 'parent_id', 'unit_id') }} as message_key,
    source_type,
    parent_id,
    unit_id,
    parent_action_id,
    channel,
    cio_id,
    {{ email_domain('recipient') }} as recipient_domain,
    created_at,
    {{ day_of('created_at') }} as created_on,
    attempted_at,
    sent_at,
    delivered_at,
    opened_at,
    case when knows_human_opens then human_opened_at end as human_opened_at,
    prefetch_opened_at,
    clicked_at,
    case when knows_human_clicks then human_clicked_at end as human_clicked_at,
    prefetch_clicked_at,
    converted_at,
    replied_at,
    bounced_at,
    deferred_at,
    dropped_at,
    failed_at,
    undeliverable_at,
    suppressed_at,
    spammed_at,
    unsubscribed_at,
    topic_unsubscribed_at,
    sent_at is not null and reaches_people and reports_delivery as is_sent_and_reported,
    reaches_people,
    is_reached,
    is_reached and can_be_opened as is_openable,
    is_reached and can_be_clicked as is_clickable,
    can_be_reported_as_spam,
    coalesce(dropped_at, failed_at, undeliverable_at, suppressed_at) is not null as is_lost,
    knows_human_opens,
    knows_human_clicks,
    metrics,
    failure_message,
    is_forgotten,
    first_seen_at,
    loaded_by,
    {{ build_number() }} as built_in
from with_reach
