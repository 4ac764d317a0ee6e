{#
    The performance of one `source_type`: a row per campaign, broadcast, newsletter or transactional message with
    deliveries, the sum of its messages.

    The best and the worst message are those with the highest and the lowest human_click_rate, among the messages with
    at least `least_openers` reached deliveries.
#}
{% macro performance(source_type) %}
    with ranked as (
        select
            *,
            row_number() over (
                partition by parent_id order by human_click_rate desc, message_key
            ) as place,
            row_number() over (
                partition by parent_id order by human_click_rate, message_key desc
            ) as place_from_below,
            count(*) over (partition by parent_id) as candidates
        from {{ ref('message_performance') }}
        where source_type = '{{ source_type }}' and human_click_rate_denominator >= {{ var('least_openers') }}
    ),

    extremes as (
        select
            parent_id,
            max(case when place = 1 then message_key end) as best_message_key,
            max(case when place_from_below = 1 then message_key end) as worst_message_key
        from ranked
        where candidates > 1
        group by parent_id
    ),

    lifetime as (
        select
            parent_id,
            count(distinct message_key) as messages,
            min(created_on) as first_day,
            max(created_on) as last_day,
            max(last_created_at) as last_created_at,
            {{ sum_counts() }}
        from {{ ref('message_daily') }}
        where source_type = '{{ source_type }}'
        group by parent_id
    ),

    people as (
        select parent_id, count(distinct cio_id) as people
        from {{ ref('fct_delivery') }}
        where source_type = '{{ source_type }}'
        group by parent_id
    ),

    named as (
        select parent_id, max(parent_name) as name, max(parent_state) as state
        from {{ ref('dim_message') }}
        where source_type = '{{ source_type }}'
        group by parent_id
    )

    select
        lifetime.parent_id,
        named.name,
        named.state,
        lifetime.messages,
        people.people,
        lifetime.first_day,
        lifetime.last_day,
        extremes.best_message_key,
        extremes.worst_message_key,
        {{ maturity('lifetime.last_created_at') }},
        {{ with_rates() }}
    from lifetime
    inner join people using (parent_id)
    left join named using (parent_id)
    left join extremes using (parent_id)
{% endmacro %}
