-- A row per test, arm and metric: the arm's rate, its difference from the control, and the verdict.
{% set tested = [('human_open_rate', 'open', 1), ('human_click_rate', 'click', 1),
    ('conversion_rate', 'conversion', 1), ('unsubscribe_rate', 'click', -1)] %}

-- An arm is a newsletter's test group with its contents, or one of the messages below a random split.
with arms as (
    select
        'newsletter:' || test.newsletter_id as test_key,
        'newsletter:' || test.newsletter_id || ':' || content.value as message_key,
        test.test_group_id as arm,
        coalesce(test.label, test.name, cast(test.test_group_id as varchar)) as arm_name
    from {{ ref('stg_newsletter_test_groups') }} as test
    cross join lateral {{ json_entries('test.content_ids') }} as content
    union all
    select
        'campaign:' || parent_id || ':' || parent_action_id,
        message_key,
        unit_id,
        coalesce(name, message_key)
    from {{ ref('dim_message') }}
    where is_split_arm
),

counts as (
    select
        arms.test_key,
        arms.arm,
        min(arms.arm_name) as arm_name,
        sum(daily.deliveries) as deliveries,
        max(daily.last_created_at) as last_created_at,
        {%- for rate, _, _ in tested %}
        sum(daily.{{ rate }}_numerator) as {{ rate }}_x,
        sum(daily.{{ rate }}_denominator) as {{ rate }}_n
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from arms
    inner join {{ ref('message_daily') }} as daily on daily.message_key = arms.message_key
    group by arms.test_key, arms.arm
),

-- Sample ratio mismatch: arms are meant to have the same size. If they do not, the split is broken.
checked as (
    select
        *,
        count(*) over test as arms,
        min(arm) over test as control_arm,
        sum(power(deliveries - expected, 2) / nullif(expected, 0)) over test as chi_square
    from (select *, avg(deliveries) over (partition by test_key) as expected from counts) as with_expected
    window test as (partition by test_key)
),

results as (
    {%- for rate, matures, better in tested %}
    select
        test_key, arm, arm_name, arms, control_arm, chi_square, deliveries, last_created_at,
        '{{ rate }}' as metric,
        cast({{ rate }}_x as bigint) as x,
        cast({{ rate }}_n as bigint) as n,
        {{ better }} as better,
        last_created_at <= {{ as_of() }} - interval '{{ var("mature_after_days")[matures] }} days' as is_mature
    from checked
    where arms > 1
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

against_control as (
    select
        results.*,
        results.arm = results.control_arm as is_control,
        control.x as control_x,
        control.n as control_n,
        min(case when results.is_mature then 1 else 0 end) over (
            partition by results.test_key, results.metric
        ) = 1 as all_mature
    from results
    inner join results as control on control.test_key = results.test_key and control.metric = results.metric
        and control.arm = results.control_arm
),

differences as (
    select
        *,
        1.0e0 * x / nullif(n, 0) as rate,
        case when not is_control then 1.0e0 * x / nullif(n, 0) - 1.0e0 * control_x / nullif(control_n, 0) end as difference,
        case when not is_control then {{ difference_margin('control_x', 'control_n', 'x', 'n') }} end as margin,
        case when not is_control then {{ two_proportion_z('control_x', 'control_n', 'x', 'n') }} end as z,
        1.0e0 * control_x / nullif(control_n, 0) as control_rate
    from against_control
),

with_p_values as (
    select
        *,
        {{ two_sided_p('z') }} as p,
        case when not is_control then {{ minimal_detectable_effect('control_rate', 'control_n', 'n') }} end
            as minimal_detectable_effect,
        {{ chi_square_p('chi_square', 'arms - 1') }} as srm_p
    from differences
),

ranked as (
    select
        *,
        row_number() over (partition by test_key order by p nulls last, metric, arm) as place,
        count(p) over (partition by test_key) as comparisons
    from with_p_values
),

adjusted as (
    select *, {{ holm('p', 'place', 'comparisons', 'test_key') }} as p_holm
    from ranked
)

select
    test_key,
    arm,
    arm_name,
    is_control,
    metric,
    deliveries,
    x,
    n,
    rate,
    {{ wilson_low('x', 'n') }} as rate_low,
    {{ wilson_high('x', 'n') }} as rate_high,
    difference,
    difference - margin as difference_low,
    difference + margin as difference_high,
    z,
    p,
    p_holm,
    srm_p,
    minimal_detectable_effect,
    is_mature,
    case
        when is_control then 'control'
        when srm_p < 0.001 then 'srm_fail'
        when not all_mature then 'immature'
        when p_holm < 0.05 and difference * better > 0 then 'winner'
        when p_holm < 0.05 then 'loser'
        when p is null or minimal_detectable_effect is null
            or minimal_detectable_effect > {{ var('ab_smallest_change') }} * control_rate then 'underpowered'
        else 'no_difference'
    end as verdict
from adjusted
