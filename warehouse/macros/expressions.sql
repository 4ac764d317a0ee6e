{# The day of the project's time zone on which a moment lies. #}
{% macro day_of(moment) -%}
    cast({{ moment }} at time zone '{{ var("timezone") }}' as date)
{%- endmacro %}


{# Seconds from one moment to another; negative if the second is earlier. #}
{% macro seconds_between(first, second) -%}
    cast(extract(epoch from {{ second }}) - extract(epoch from {{ first }}) as bigint)
{%- endmacro %}


{# The domain of an address such as `Ada <ada@example.com>`, in lower case; null where there is none. #}
{% macro email_domain(address) -%}
    nullif(lower(rtrim(split_part({{ address }}, '@', 2), '> ')), '')
{%- endmacro %}


{# Customer.io's instant of the newest run: ages are counted from here, not from this machine's clock. #}
{% macro as_of() -%}
    (select as_of from {{ ref('stg_clock') }})
{%- endmacro %}
