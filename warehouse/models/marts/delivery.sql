{{ config(materialized='view') }}
-- The deliveries with the names that fct_delivery has ids of.
select
    deliveries.delivery_id,
    deliveries.created_at,
    deliveries.created_on,
    deliveries.source_type,
    deliveries.parent_id,
    messages.parent_name,
    deliveries.message_key,
    messages.name as message_name,
    messages.subject,
    deliveries.channel,
    messages.language,
    messages.topic,
    messages.test_group,
    messages.sender,
    deliveries.cio_id,
    people.person_id,
    people.email,
    deliveries.sent_at,
    deliveries.delivered_at,
    deliveries.opened_at,
    deliveries.human_opened_at,
    deliveries.clicked_at,
    deliveries.human_clicked_at,
    deliveries.converted_at,
    deliveries.replied_at,
    deliveries.bounced_at,
    deliveries.dropped_at,
    deliveries.failed_at,
    deliveries.spammed_at,
    deliveries.unsubscribed_at,
    deliveries.is_reached,
    deliveries.is_lost,
    deliveries.failure_message
from {{ ref('fct_delivery') }} as deliveries
left join {{ ref('dim_message') }} as messages on messages.message_key = deliveries.message_key
left join {{ ref('stg_people') }} as people on people.cio_id = deliveries.cio_id
