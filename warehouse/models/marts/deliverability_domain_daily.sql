-- Email by day and recipient's domain, with an alert when a domain begins to refuse messages.
{% set shown = rates() | selectattr('name', 'in', ['delivery_rate', 'bounce_rate', 'loss_rate', 'spam_rate', 'human_open_rate']) | list %}

with counts as (
    select
        delivery.created_on as day,
        coalesce(delivery.recipient_domain, 'unknown') as recipient_domain,
        coalesce(message.sending_domain, 'unknown') as sending_domain,
        {{ count_deliveries() }}
    from {{ ref('fct_delivery') }} as delivery
    left join (select message_key, sending_domain from {{ ref('dim_message') }}) as message
        on message.message_key = delivery.message_key
    where delivery.channel = 'email'
    group by delivery.created_on, coalesce(delivery.recipient_domain, 'unknown'), coalesce(message.sending_domain, 'unknown')
),

-- For each day: the 28 days before it, and the 28 days that end with it, of the same pair of domains.
compared as (
    select
        *,
        coalesce(sum(bounce_rate_numerator) over before_it, 0) as bounced_before,
        coalesce(sum(bounce_rate_denominator) over before_it, 0) as sent_before,
        sum(spam_rate_numerator) over with_it as spammed_28d,
        sum(spam_rate_denominator) over with_it as reached_28d
    from counts
    window
        before_it as (
            partition by recipient_domain, sending_domain order by day
            range between interval '28 days' preceding and interval '1 day' preceding
        ),
        with_it as (
            partition by recipient_domain, sending_domain order by day
            range between interval '27 days' preceding and current row
        )
),

scored as (
    select
        *,
        case
            when sent_before >= 100 and bounced_before > 0 and bounced_before < sent_before and bounce_rate_denominator > 0
            then (1.0e0 * bounce_rate_numerator / bounce_rate_denominator - 1.0e0 * bounced_before / sent_before)
                / sqrt(
                    (1.0e0 * bounced_before / sent_before) * (1 - 1.0e0 * bounced_before / sent_before)
                    / bounce_rate_denominator
                )
        end as bounce_z,
        1.0e0 * spammed_28d / nullif(reached_28d, 0) as spam_rate_28d
    from compared
)

select
    day,
    scored.recipient_domain,
    coalesce(providers.provider, 'Other') as provider,
    scored.sending_domain,
    sent,
    delivered,
    bounced,
    deferred,
    dropped,
    spammed,
    1.0e0 * deferred / nullif(sent, 0) as deferred_share,
    {{ rate_columns(shown) }},
    bounce_z,
    cast(reached_28d as bigint) as reached_28d,
    spam_rate_28d,
    case
        when reached_28d >= 1000 and spam_rate_28d >= 0.003 then 'spam_critical'
        when reached_28d >= 1000 and spam_rate_28d >= 0.001 then 'spam_high'
        when bounce_rate_denominator >= 20 and bounce_z >= 3 then 'bounce_spike'
    end as alert
from scored
left join {{ ref('mailbox_providers') }} as providers on providers.domain = scored.recipient_domain
