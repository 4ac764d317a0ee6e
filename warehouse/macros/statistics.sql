{#
    Statistics as SQL expressions. Arguments are used more than once: give columns or short expressions.

    create_statistics() creates each as a DuckDB macro too, so that queries on the published file can use it.
    tests/warehouse/test_statistics.py compares all of them with scipy, to 1e-6 or better.
#}

{# The standard normal quantiles of 97.5 % and of 80 %. #}
{% macro z_95() %}1.959963984540054e0{% endmacro %}
{% macro z_power() %}0.8416212335729143e0{% endmacro %}


{# The Wilson score interval, 95 %, of `x` out of `n`; null where n is 0. #}
{% macro wilson_low(x, n) -%}
    {{ _wilson(x, n, '-') }}
{%- endmacro %}

{% macro wilson_high(x, n) -%}
    {{ _wilson(x, n, '+') }}
{%- endmacro %}

{% macro _wilson(x, n, sign) -%}
    {%- set z2 = '(' ~ z_95() ~ ' * ' ~ z_95() ~ ')' -%}
    case when {{ n }} > 0 and {{ x }} is not null then
        least(1.0, greatest(0.0,
            ({{ x }} + {{ z2 }} / 2 {{ sign }} {{ z_95() }} * sqrt(
                greatest(0.0, 1.0 * {{ x }} * ({{ n }} - {{ x }}) / {{ n }} + {{ z2 }} / 4)
            )) / ({{ n }} + {{ z2 }})
        ))
    end
{%- endmacro %}


{#
    The standard normal distribution up to `z`, to the precision of a double.

    Rational approximation by Hart (1968) in West's arrangement, Wilmott magazine 2005; a continued
    fraction beyond 7.07.
#}
{% macro normal_cdf(z) -%}
    {%- set a = 'abs(cast(' ~ z ~ ' as double precision))' -%}
    {%- set over = [0.0352624965998911, 0.700383064443688, 6.37396220353165, 33.912866078383,
                    112.079291497871, 221.213596169931, 220.206867912376] -%}
    {%- set under = [0.0883883476483184, 1.75566716318264, 16.064177579207, 86.7807322029461,
                     296.564248779674, 637.333633378831, 793.826512519948, 440.413735824752] -%}
    {%- set tail -%}
        case
            when {{ a }} > 37 then 0.0
            when {{ a }} < 7.07106781186547 then
                exp(-{{ a }} * {{ a }} / 2) * {{ _horner(over, a) }} / {{ _horner(under, a) }}
            else
                exp(-{{ a }} * {{ a }} / 2) / 2.506628274631e0
                / ({{ a }} + 1 / ({{ a }} + 2 / ({{ a }} + 3 / ({{ a }} + 4 / ({{ a }} + 0.65e0)))))
        end
    {%- endset -%}
    case when {{ z }} > 0 then 1.0 - {{ tail }} else {{ tail }} end
{%- endmacro %}

{% macro _horner(coefficients, x) -%}
    {%- set made = namespace(sql=coefficients[0] ~ 'e0') -%}
    {%- for c in coefficients[1:] -%}
        {%- set made.sql = '(' ~ made.sql ~ ' * ' ~ x ~ ' + ' ~ c ~ 'e0)' -%}
    {%- endfor -%}
    {{ made.sql }}
{%- endmacro %}


{# The probability of a difference at least as large as `z`, in either direction, if there is none. #}
{% macro two_sided_p(z) -%}
    case when {{ z }} is not null then 2 * {{ normal_cdf('(-abs(' ~ z ~ '))') }} end
{%- endmacro %}


{#
    The z statistic of the rate x2/n2 minus x1/n1, with pooled variance; null where it is not defined: an arm is
    empty, or all or none of both arms reached the metric.
#}
{% macro two_proportion_z(x1, n1, x2, n2) -%}
    case when {{ n1 }} > 0 and {{ n2 }} > 0 and {{ x1 }} + {{ x2 }} > 0
              and {{ x1 }} + {{ x2 }} < {{ n1 }} + {{ n2 }} then
        (1.0 * {{ x2 }} / {{ n2 }} - 1.0 * {{ x1 }} / {{ n1 }}) / sqrt(
            (1.0 * ({{ x1 }} + {{ x2 }}) / ({{ n1 }} + {{ n2 }}))
            * (1.0 - 1.0 * ({{ x1 }} + {{ x2 }}) / ({{ n1 }} + {{ n2 }}))
            * (1.0 / {{ n1 }} + 1.0 / {{ n2 }})
        )
    end
{%- endmacro %}


{# Half the width of the 95 % interval of x2/n2 - x1/n1, with separate variances (Wald). #}
{% macro difference_margin(x1, n1, x2, n2) -%}
    case when {{ n1 }} > 0 and {{ n2 }} > 0 then
        {{ z_95() }} * sqrt(
            (1.0 * {{ x1 }} / {{ n1 }}) * (1 - 1.0 * {{ x1 }} / {{ n1 }}) / {{ n1 }}
            + (1.0 * {{ x2 }} / {{ n2 }}) * (1 - 1.0 * {{ x2 }} / {{ n2 }}) / {{ n2 }}
        )
    end
{%- endmacro %}


{#
    The smallest difference from the rate `p` that arms of n1 and n2 find with 80 % power at 5 %, two-sided;
    null where p is 0 or 1, or an arm is empty.
#}
{% macro minimal_detectable_effect(p, n1, n2) -%}
    case when {{ n1 }} > 0 and {{ n2 }} > 0 and {{ p }} > 0 and {{ p }} < 1 then
        ({{ z_95() }} + {{ z_power() }}) * sqrt({{ p }} * (1 - {{ p }}) * (1.0 / {{ n1 }} + 1.0 / {{ n2 }}))
    end
{%- endmacro %}


{#
    The probability that a chi-square of `df` degrees of freedom exceeds `x`, exact by the finite sums for even and
    odd df. For df from 1 to 20; null beyond.
#}
{% macro chi_square_p(x, df) -%}
    {%- set half = '(cast(' ~ x ~ ' as double precision) / 2)' -%}
    {%- set even, odd = ['1.0'], [] -%}
    {%- set made = namespace(factorial=1.0, gamma=0.886226925452758) -%}
    {%- for i in range(1, 10) -%}
        {%- set made.factorial = made.factorial * i -%}
        {%- do even.append('case when ' ~ df ~ ' >= ' ~ (2 * i + 2) ~ ' then power(' ~ half ~ ', ' ~ i ~ ') / ' ~ made.factorial ~ 'e0 else 0 end') -%}
    {%- endfor -%}
    {%- for i in range(1, 10) -%}
        {%- do odd.append('case when ' ~ df ~ ' >= ' ~ (2 * i + 1) ~ ' then power(' ~ half ~ ', ' ~ (i - 0.5) ~ ') / ' ~ made.gamma ~ 'e0 else 0 end') -%}
        {%- set made.gamma = made.gamma * (i + 0.5) -%}
    {%- endfor -%}
    case
        when {{ x }} is null or {{ df }} is null or {{ x }} < 0 or {{ df }} < 1 or {{ df }} > 20 then null
        when {{ df }} % 2 = 0 then least(1.0, exp(-{{ half }}) * ({{ even | join(' + ') }}))
        else least(1.0, 2 * {{ normal_cdf('(-sqrt(' ~ x ~ '))') }} + exp(-{{ half }}) * ({{ odd | join(' + ') }}))
    end
{%- endmacro %}


{#
    Holm's adjustment of the p-values of a family of comparisons; null stays null.

    `place` is the comparison's row_number() in its family by p, `size` the number of comparisons with a p. If each
    adjusted p below 5 % is called significant, the probability of any false call in a family is at most 5 %.
#}
{% macro holm(p, place, size, family) -%}
    case when {{ p }} is not null then least(1.0, max({{ p }} * ({{ size }} - {{ place }} + 1)) over (
        partition by {{ family }} order by {{ place }} rows between unbounded preceding and current row
    )) end
{%- endmacro %}


{# Creates the statistics as macros of the DuckDB file. #}
{% macro create_statistics() %}
    {%- if not execute or target.type != 'duckdb' or flags.WHICH not in ('build', 'run', 'test') -%}{{ return('') }}{%- endif -%}
    {%- set made = {
        'wilson_low(x, n)': wilson_low('x', 'n'),
        'wilson_high(x, n)': wilson_high('x', 'n'),
        'normal_cdf(z)': normal_cdf('z'),
        'two_sided_p(z)': two_sided_p('z'),
        'two_proportion_z(x1, n1, x2, n2)': two_proportion_z('x1', 'n1', 'x2', 'n2'),
        'difference_margin(x1, n1, x2, n2)': difference_margin('x1', 'n1', 'x2', 'n2'),
        'minimal_detectable_effect(p, n1, n2)': minimal_detectable_effect('p', 'n1', 'n2'),
        'chi_square_p(x, df)': chi_square_p('x', 'df'),
    } -%}
    {% for signature, sql in made.items() -%}
        create or replace macro main.{{ signature }} as {{ sql }};
    {% endfor %}
{% endmacro %}
