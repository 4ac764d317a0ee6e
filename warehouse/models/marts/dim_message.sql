with parents as (
    select 'campaign' as source_type, campaign_id as parent_id, name, state, tags, campaign_type as parent_type,
        cast(null as bigint) as topic_id
    from {{ ref('stg_campaigns') }}
    union all
    select 'broadcast', broadcast_id, name, state, tags, broadcast_type, null from {{ ref('stg_broadcasts') }}
    union all
    select 'newsletter', newsletter_id, name, case when sent_at is null then 'draft' else 'sent' end, tags, 'newsletter',
        subscription_topic_id
    from {{ ref('stg_newsletters') }}
    union all
    select 'transactional', transactional_message_id, name, null, null, 'transactional', null
    from {{ ref('stg_transactional_messages') }}
),

steps as (
    select campaign_id, try_cast(action_id as bigint) as action_id, action_type
    from {{ ref('stg_campaign_actions') }}
),

units as (
    select 'campaign' as source_type, campaign_id as parent_id, try_cast(action_id as bigint) as unit_id, name, subject,
        action_type as channel, language, from_id as sender_id, from_address, parent_action_id, created_at, updated_at,
        is_deleted
    from {{ ref('stg_campaign_actions') }}
    where try_cast(action_id as bigint) is not null
    union all
    select 'broadcast', broadcast_id, action_id, name, subject, action_type, language, from_id, from_address, null,
        created_at, updated_at, is_deleted
    from {{ ref('stg_broadcast_actions') }}
    union all
    select 'newsletter', newsletter_id, content_id, name, subject, channel, language, from_id, from_address, null,
        null, updated_at, is_deleted
    from {{ ref('stg_newsletter_contents') }}
    union all
    select 'transactional', transactional_message_id, content_id, name, subject, channel, language, from_id,
        from_address, null, created_at, updated_at, is_deleted
    from {{ ref('stg_transactional_contents') }}
),

delivered as (
    select
        message_key,
        source_type,
        parent_id,
        unit_id,
        min(channel) as channel,
        min(parent_action_id) as parent_action_id,
        count(*) as deliveries
    from {{ ref('fct_delivery') }}
    group by message_key, source_type, parent_id, unit_id
),

listed as (
    select {{ message_key('source_type', 'parent_id', 'unit_id') }} as message_key, units.*
    from units
),

test_groups as (
    select groups.newsletter_id, try_cast(content.value as bigint) as content_id, min(groups.label) as label
    from {{ ref('stg_newsletter_test_groups') }} as groups
    cross join lateral {{ json_entries('groups.content_ids') }} as content
    where not groups.is_deleted
    group by groups.newsletter_id, try_cast(content.value as bigint)
),

-- A step that sends nothing, such as a delay, is no message. A step of a channel that the seed lacks is one, once it
-- has deliveries.
messages as (
    select
        coalesce(listed.message_key, delivered.message_key) as message_key,
        coalesce(listed.source_type, delivered.source_type) as source_type,
        coalesce(listed.parent_id, delivered.parent_id) as parent_id,
        coalesce(listed.unit_id, delivered.unit_id) as unit_id,
        listed.name,
        listed.subject,
        coalesce(listed.channel, delivered.channel) as channel,
        listed.language,
        listed.sender_id,
        listed.from_address,
        coalesce(listed.parent_action_id, delivered.parent_action_id) as parent_action_id,
        listed.created_at,
        listed.updated_at,
        listed.message_key is not null as is_listed,
        coalesce(listed.is_deleted, false) as is_deleted,
        coalesce(delivered.deliveries, 0) as deliveries
    from listed
    full outer join delivered on delivered.message_key = listed.message_key
    left join {{ ref('channels') }} as channels on channels.channel = listed.channel
    where channels.channel is not null or delivered.message_key is not null
)

select
    messages.message_key,
    messages.source_type,
    messages.parent_id,
    messages.unit_id,
    parents.name as parent_name,
    parents.parent_type,
    parents.state as parent_state,
    messages.name,
    messages.subject,
    messages.channel,
    messages.language,
    messages.sender_id,
    coalesce(senders.email, messages.from_address) as sender,
    coalesce(senders.sending_domain, {{ email_domain('messages.from_address') }}) as sending_domain,
    parents.topic_id,
    topics.name as topic,
    parents.tags,
    messages.parent_action_id,
    coalesce(steps.action_type like 'split%', false) as is_split_arm,
    test_groups.label as test_group,
    messages.created_at,
    messages.updated_at,
    messages.is_listed,
    messages.is_deleted,
    messages.deliveries
from messages
left join parents on parents.source_type = messages.source_type and parents.parent_id = messages.parent_id
left join steps on messages.source_type = 'campaign' and steps.campaign_id = messages.parent_id
    and steps.action_id = messages.parent_action_id
left join {{ ref('stg_sender_identities') }} as senders on senders.sender_id = messages.sender_id
left join {{ ref('stg_subscription_topics') }} as topics on topics.topic_id = parents.topic_id
left join test_groups on messages.source_type = 'newsletter' and test_groups.newsletter_id = messages.parent_id
    and test_groups.content_id = messages.unit_id
union all
-- The message of deliveries that name no known message.
select 'unknown', 'unknown', null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    null, false, null, null, null, false, false, 0
where not exists (select 1 from messages where message_key = 'unknown')
