{#
    A raw table with the columns of the catalogue, in the catalogue's types.

    A table that no sync has created yet is empty, and a column that it lacks is null: so models build on a
    warehouse of any age. Columns that the catalogue lacks stay in the raw table.
#}
{% macro raw(table) %}
    {%- set relation = source('customerio_raw', table) -%}
    {%- if not execute -%}
        {{ return('(select * from ' ~ relation ~ ')') }}
    {%- endif -%}
    {%- set found = load_relation(relation) -%}
    {%- set types = {} -%}
    {%- if found -%}
        {%- for column in adapter.get_columns_in_relation(found) -%}
            {%- do types.update({column.name: column.data_type | lower}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set cells = [] -%}
    {%- for name, kind in raw_columns(table).items() -%}
        {%- set quoted = adapter.quote(name) -%}
        {%- if name not in types -%}
            {%- do cells.append('cast(null as ' ~ kind ~ ') as ' ~ quoted) -%}
        {%- elif types[name] == kind -%}
            {%- do cells.append(quoted) -%}
        {%- else -%}
            {%- do cells.append('try_cast(' ~ quoted ~ ' as ' ~ kind ~ ') as ' ~ quoted) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return('(select ' ~ cells | join(', ') ~ (' from ' ~ relation if found else ' where false') ~ ')') }}
{% endmacro %}


{# The columns of a raw table and their types, from sources.yml. #}
{% macro raw_columns(table) %}
    {%- set columns = {} -%}
    {%- for column in graph.sources['source.customerio.customerio_raw.' ~ table].columns.values() -%}
        {%- do columns.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
