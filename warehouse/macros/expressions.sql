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
