{# The day of a time, in the project's time zone. #}
{% macro day_of(moment) -%}
    cast({{ moment }} at time zone '{{ var("timezone") }}' as date)
{%- endmacro %}


{# Seconds from one time to another; negative if the second is earlier. #}
{% macro seconds_between(first, second) -%}
    cast(extract(epoch from {{ second }}) - extract(epoch from {{ first }}) as bigint)
{%- endmacro %}


{# The domain of an address such as `Ada <ada@example.com>`, in lower case; null if it has none. #}
{% macro email_domain(address) -%}
    nullif(lower(rtrim(split_part({{ address }}, '@', 2), '> ')), '')
{%- endmacro %}


{# The time of the newest run by Customer.io's clock: ages are counted up to it, not up to this machine's time. #}
{% macro as_of() -%}
    (select as_of from {{ ref('stg_clock') }})
{%- endmacro %}


{#
    The time of a number, or of a text that holds one: Unix seconds, milliseconds or microseconds by their size.
    Null for 0, which Customer.io writes for never, for what is no number, and beyond the years 69 and 5138.
#}
{% macro moment(value) -%}
    {%- set number = 'nullif(try_cast(' ~ value ~ ' as double), 0)' -%}
    to_timestamp(case
        when abs({{ number }}) < 6e10 or {{ number }} between 0 and 1e11 then {{ number }}
        when {{ number }} between 0 and 1e14 then {{ number }} / 1e3
        when {{ number }} between 0 and 1e17 then {{ number }} / 1e6
    end)
{%- endmacro %}


{# The same of a text that may be a date too, as ISO 8601: in UTC if it names no zone, null beyond the year 5138. #}
{% macro moment_of_text(value) -%}
    {%- set date = 'try_cast(' ~ value ~ ' as timestamptz)' -%}
    coalesce(
        {{ moment(value) }},
        case when {{ date }} between timestamptz '0069-01-01' and timestamptz '5138-01-01' then {{ date }} end
    )
{%- endmacro %}
