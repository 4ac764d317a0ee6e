-- A row per person, deleted ones included: identity, messages, engagement, and the channels that may be used.
{% set spans = [7, 30, 90, 365] %}
{% set acts = [('sent', 'sent_at'), ('opened', 'opened_at'), ('clicked', 'clicked_at'), ('converted', 'converted_at')] %}

with clock as (
    select as_of from {{ ref('stg_clock') }}
),

history as (
    select
        cio_id,
        min(sent_at) as first_message_at,
        max(sent_at) as last_message_at,
        max(greatest(human_opened_at, human_clicked_at, converted_at, replied_at)) as last_engaged_at,
        count(sent_at) as messages_sent,
        {%- for act, column in acts %}
        {%- for days in spans %}
        count(*) filter (where {{ column }} > as_of - interval '{{ days }} days') as {{ act }}_{{ days }}d,
        {%- endfor %}
        {%- endfor %}
        count(*) filter (where channel = 'email' and bounced_at is not null) as emails_bounced
    from {{ ref('fct_delivery') }}
    cross join clock
    where reaches_people and cio_id is not null
    group by cio_id
),

memberships as (
    select members.cio_id, count(*) as segments, string_agg(segments.name, ', ' order by segments.name) as segment_names
    from {{ ref('stg_segment_memberships') }} as members
    inner join {{ ref('stg_segments') }} as segments on segments.segment_id = members.segment_id
    where not members.is_deleted and not segments.is_deleted
    group by members.cio_id
),

suppressed as (
    select
        lower(email) as email,
        min(suppressed_at) as suppressed_at,
        string_agg(distinct suppression_type, ', ' order by suppression_type) as suppression_types
    from {{ ref('stg_esp_suppressions') }}
    where not is_deleted
    group by lower(email)
),

-- A person may opt out of one sender's text messages and still take another's.
optouts as (
    select
        cio_id,
        count(*) as sms_optouts,
        string_agg(sender, ', ' order by sender) as sms_optout_senders
    from {{ ref('stg_optouts') }}
    where not is_deleted and channel = 'sms'
    group by cio_id
),

joined as (
    select
        people.*,
        {{ moment_of_text("people.attributes ->> 'created_at'") }} as created_at,
        nullif(people.attributes ->> 'phone', '') as phone,
        people.attributes ->> 'cio_subscription_preferences' as subscription_preferences,
        coalesce(json_array_length(people.devices), 0) as devices_count,
        people.timestamps is not null or people.devices is not null as knows_devices,
        history.first_message_at,
        history.last_message_at,
        history.last_engaged_at,
        coalesce(history.messages_sent, 0) as messages_sent,
        {%- for act, _ in acts %}
        {%- for days in spans %}
        coalesce(history.{{ act }}_{{ days }}d, 0) as {{ act }}_{{ days }}d,
        {%- endfor %}
        {%- endfor %}
        coalesce(history.emails_bounced, 0) as emails_bounced,
        coalesce(memberships.segments, 0) as segments,
        memberships.segment_names,
        suppressed.suppressed_at,
        suppressed.suppression_types,
        coalesce(optouts.sms_optouts, 0) as sms_optouts,
        optouts.sms_optout_senders
    from {{ ref('stg_people') }} as people
    left join history on history.cio_id = people.cio_id
    left join memberships on memberships.cio_id = people.cio_id
    left join suppressed on suppressed.email = lower(people.email)
    left join optouts on optouts.cio_id = people.cio_id
),

-- percent_rank() over sent_30d, which takes few values: no sort of all people.
ranks as (
    select
        sent_30d,
        1.0e0 * (sum(people) over (order by sent_30d) - people) / nullif(sum(people) over () - 1, 0) as send_pressure
    from (
        select coalesce(history.sent_30d, 0) as sent_30d, count(*) as people
        from {{ ref('stg_people') }} as people
        left join history on history.cio_id = people.cio_id
        group by 1
    ) as counted
)

select
    cio_id,
    person_id,
    email,
    phone,
    created_at,
    {%- for name in var('person_attributes') %}
    attributes ->> '{{ name }}' as {{ name }},
    {%- endfor %}
    is_deleted,
    coalesce(is_unsubscribed, false) as is_unsubscribed,
    first_message_at,
    last_message_at,
    last_engaged_at,
    messages_sent,
    {%- for act, _ in acts %}
    {%- for days in spans %}
    {{ act }}_{{ days }}d,
    {%- endfor %}
    {%- endfor %}
    emails_bounced,
    email is not null and not is_deleted and not coalesce(is_unsubscribed, false) and suppressed_at is null as can_email,
    phone is not null and not is_deleted and not coalesce(is_unsubscribed, false) and sms_optouts = 0 as can_sms,
    -- An export has neither devices nor timestamps; a page has no devices only if the person has none.
    case
        when knows_devices
            then devices_count > 0 and not is_deleted and not coalesce(is_unsubscribed, false)
    end as can_push,
    subscription_preferences,
    suppressed_at,
    suppression_types,
    sms_optouts,
    sms_optout_senders,
    segments,
    segment_names,
    case
        when is_deleted then 'deleted'
        when last_engaged_at > as_of - interval '30 days' then 'active'
        when last_engaged_at > as_of - interval '90 days' then 'at_risk'
        when messages_sent > 0 then 'dormant'
        else 'never_written_to'
    end as engagement_tier,
    case
        when is_deleted then 'deleted'
        when coalesce(is_unsubscribed, false) or suppressed_at is not null then 'opted_out'
        when created_at > as_of - interval '30 days' then 'new'
        when last_engaged_at > as_of - interval '90 days' then 'engaged'
        else 'lapsed'
    end as lifecycle_stage,
    coalesce(ranks.send_pressure, 0) as send_pressure
from joined
inner join ranks using (sent_30d)
cross join clock
