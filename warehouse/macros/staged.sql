{#
    A raw table made ready to ask: times as TIMESTAMPTZ ending in _at, no text as null, whether it is deleted.

    `renamed` gives columns a name that says what they are. `more` adds columns made of others: {name: sql}.
    The row's fingerprint and its long text that nobody joins on stay in the raw table.
#}
{% macro staged(table, renamed={}, more={}) %}
    {%- if not execute -%}
        {{ return('select * from ' ~ raw(table)) }}
    {%- endif -%}
    {%- set times = {'created': 'created_at', 'updated': 'updated_at', 'timestamp': 'happened_at',
                     'first_started': 'first_started_at'} -%}
    {%- set cells = [] -%}
    {%- for name, kind in raw_columns(table).items() if name != '_row_hash' -%}
        {%- set quoted = adapter.quote(name) -%}
        {%- set called = renamed.get(name, times.get(name, name)) -%}
        {%- if kind == 'bigint' and (name in times or name.endswith('_at')) -%}
            {# Customer.io writes 0 for never. #}
            {%- do cells.append('to_timestamp(nullif(' ~ quoted ~ ', 0)) as ' ~ called) -%}
        {%- elif kind == 'varchar' and name not in ('_dlt_load_id', 'domain') -%}
            {%- do cells.append("nullif(" ~ quoted ~ ", '') as " ~ called) -%}
        {%- else -%}
            {%- do cells.append(quoted ~ ' as ' ~ (called if name != '_dlt_load_id' else 'loaded_by')) -%}
        {%- endif -%}
        {%- if name == 'deleted_at' -%}
            {%- do cells.append('deleted_at is not null as is_deleted') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name, sql in more.items() -%}
        {%- do cells.append(sql ~ ' as ' ~ name) -%}
    {%- endfor -%}
    {{ return('select\n    ' ~ cells | join(',\n    ') ~ '\nfrom ' ~ raw(table)) }}
{% endmacro %}


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
