{# The names of the events of `revenue_events`, as constants of SQL; none of them is null. #}
{% macro revenue_events() -%}
    {%- for name in var('revenue_events') %}{{ dbt.string_literal(dbt.escape_single_quotes(name)) }}{% if not loop.last %}, {% endif %}
    {%- else %}null{% endfor -%}
{%- endmacro %}


{# The amount of a row of stg_activities, where its event has one; null for other events, and for what is no number. #}
{% macro amount_of_event() -%}
    {%- if var('revenue_events') -%}
    case
        {%- for name, path in var('revenue_events').items() %}
        when activity_type = 'event' and name = {{ dbt.string_literal(dbt.escape_single_quotes(name)) }}
            then {{ decimal_of(json_text('data', path)) }}
        {%- endfor %}
    end
    {%- else -%}
    cast(null as decimal(18, 4))
    {%- endif -%}
{%- endmacro %}


{# The text of a value inside a JSON document; `path` has the names of objects from the outermost one, with dots between. #}
{% macro json_text(document, path) -%}
    {{ return(adapter.dispatch('json_text')(document, path)) }}
{%- endmacro %}

{% macro default__json_text(document, path) -%}
    {{ document }} ->> '${% for name in path.split('.') %}."{{ dbt.escape_single_quotes(name) }}"{% endfor %}'
{%- endmacro %}

{% macro postgres__json_text(document, path) -%}
    {{ document }} #>> '{ {%- for name in path.split('.') %}"{{ dbt.escape_single_quotes(name) }}"{% if not loop.last %},{% endif %}{% endfor -%} }'
{%- endmacro %}


{# A text as a number with four decimals; null if it is none. #}
{% macro decimal_of(text) -%}
    {{ return(adapter.dispatch('decimal_of')(text)) }}
{%- endmacro %}

{% macro default__decimal_of(text) -%}
    try_cast({{ text }} as decimal(18, 4))
{%- endmacro %}

{% macro postgres__decimal_of(text) -%}
    case when ({{ text }}) ~ '^\s*[-+]?[0-9]{1,14}(\.[0-9]*)?\s*$' then cast(({{ text }}) as decimal(18, 4)) end
{%- endmacro %}
