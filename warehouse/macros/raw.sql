{#
    A raw table with all the columns that the catalogue knows of, in the catalogue's types.

    A table that no sync has made yet is empty, and a column that it lacks is null: so models build on a
    warehouse of any age. Columns that the catalogue does not know stay in the raw table.
#}
{% macro raw(table) %}
    {%- set relation = source('customerio_raw', table) -%}
    {%- if not execute -%}
        {{ return('(select * from ' ~ relation ~ ')') }}
    {%- endif -%}
    {%- set found = load_relation(relation) -%}
    {%- set there = {} -%}
    {%- if found -%}
        {%- for column in adapter.get_columns_in_relation(found) -%}
            {%- do there.update({column.name: column.data_type | lower}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set cells = [] -%}
    {%- for name, kind in raw_columns(table).items() -%}
        {%- set quoted = adapter.quote(name) -%}
        {%- if name not in there -%}
            {%- do cells.append('cast(null as ' ~ kind ~ ') as ' ~ quoted) -%}
        {%- elif there[name] == kind -%}
            {%- do cells.append(quoted) -%}
        {%- else -%}
            {%- do cells.append('try_cast(' ~ quoted ~ ' as ' ~ kind ~ ') as ' ~ quoted) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return('(select ' ~ cells | join(', ') ~ (' from ' ~ relation if found else ' where false') ~ ')') }}
{% endmacro %}


{# The columns of a raw table and their types, as sources.yml has them. #}
{% macro raw_columns(table) %}
    {%- set columns = {} -%}
    {%- for column in graph.sources['source.customerio.customerio_raw.' ~ table].columns.values() -%}
        {%- do columns.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
