{# The key of a message: campaign:3:41, newsletter:7:71; `unknown` for deliveries that name no parent. #}
{% macro message_key(source_type, parent_id, unit_id) -%}
    case when {{ parent_id }} is null then 'unknown'
        else {{ source_type }} || ':' || {{ parent_id }} || ':' || coalesce(cast({{ unit_id }} as varchar), '-')
    end
{%- endmacro %}


{#
    Post-hook of an incremental model: deletes the rows of deliveries that `upstream` no longer has, such as erased ones.

    The model holds every delivery of `upstream`, so there are such rows only if it has more rows than `upstream`;
    `counted` limits the count to one row per delivery.
#}
{% macro delete_vanished(upstream, counted='true') -%}
    {%- if execute and is_incremental() -%}
        {%- set more = run_query(
            'select (select count(*) from ' ~ this ~ ' where ' ~ counted ~ ') > (select count(*) from ' ~ upstream ~ ')'
        ).columns[0][0] -%}
        {%- if more -%}
    delete from {{ this }} where not exists (
        select 1 from {{ upstream }} as there where there.delivery_id = {{ this }}.delivery_id
    )
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#
    The loads since the last build of this model, as a list of constants: DuckDB applies them before it parses JSON.
    A load commits all its rows at once, and a changed row gets the id of the load that changed it.
#}
{% macro new_loads(upstream) -%}
    {%- if execute -%}
        {%- set found = run_query(
            'select distinct loaded_by from ' ~ upstream
            ~ ' where loaded_by not in (select distinct loaded_by from ' ~ this ~ ')'
        ).columns[0].values() -%}
    {%- endif -%}
    {%- for load in found or [''] %}'{{ load }}'{% if not loop.last %}, {% endif %}{% endfor -%}
{%- endmacro %}


{#
    The number of this build of an incremental model, stored with each row that it writes. It is larger than those of
    earlier builds, also if the model is built anew: other models compare it with the numbers that they have seen.
#}
{% macro build_number() -%}
    {%- set before = load_relation(this) if execute -%}
    {%- set columns = adapter.get_columns_in_relation(before) | map(attribute='name') | list if before else [] -%}
    {%- if 'built_in' in columns -%}
    (select coalesce(max(built_in), 0) + 1 from {{ this }})
    {%- else -%}
    cast(1 as bigint)
    {%- endif -%}
{%- endmacro %}


{#
    Pre-hook of a model of sums by day: deletes the days that must be summed anew, so that the model
    then lacks them.

    A day must be if `upstream`, an incremental model, wrote a row of it since the last build of this one, or if it has
    another number of rows than the column `counted` sums up to: a row that went, or that moved to another day, leaves
    its old day with fewer. `among` is a condition for the rows of `upstream` that count.
#}
{% macro delete_changed_days(upstream, day, counted, among='true') -%}
    {%- if is_incremental() -%}
    delete from {{ this }} where {{ _day(day) }} in (
        select day
        from {{ _days(upstream, day, counted, among) }}
        where {{ _differ() }} or newest > (select max(built_in) from {{ this }})
            or (select max(built_in) from {{ upstream }}) < (select max(built_in) from {{ this }})
    )
    {%- endif -%}
{%- endmacro %}


{# The condition for the rows of `upstream` whose day this model lacks, see `delete_changed_days`. #}
{% macro lacking_days(upstream, day, counted, among='true') -%}
    {{ among }}
    {%- if is_incremental() %}
    and {{ _day(day) }} in (select day from {{ _days(upstream, day, counted, among) }} where {{ _differ() }})
    {%- endif -%}
{%- endmacro %}

{# A row without a day counts too. #}
{% macro _day(column) -%}
    coalesce({{ column }}, date '0001-01-01')
{%- endmacro %}

{% macro _differ() -%}
    rows_there is distinct from rows_here
{%- endmacro %}

{% macro _days(upstream, day, counted, among) -%}
    (select {{ _day(day) }} as day, count(*) as rows_there, max(built_in) as newest from {{ upstream }} where {{ among }} group by 1)
        as there
        full join (select {{ _day(day) }} as day, sum({{ counted }}) as rows_here from {{ this }} group by 1) as here using (day)
{%- endmacro %}


{# The entries of a JSON object or array as rows of `key` and `value`, for a lateral join. #}
{% macro json_entries(document) -%}
    {{ return(adapter.dispatch('json_entries')(document)) }}
{%- endmacro %}

{% macro default__json_entries(document) -%}
    json_each({{ document }})
{%- endmacro %}

{% macro postgres__json_entries(document) -%}
    json_each_text({{ document }})
{%- endmacro %}


{# The names in a JSON object, a row each: for a select list, where it is faster than a lateral join. #}
{% macro json_names(document) -%}
    {{ return(adapter.dispatch('json_names')(document)) }}
{%- endmacro %}

{% macro default__json_names(document) -%}
    unnest(json_keys({{ document }}))
{%- endmacro %}

{% macro postgres__json_names(document) -%}
    json_object_keys({{ document }})
{%- endmacro %}


{# The buckets of time_to_engage: (label, upper limit in seconds), shortest first. #}
{% macro time_buckets() %}
    {{ return([
        ('5 minutes', 300), ('15 minutes', 900), ('30 minutes', 1800), ('1 hour', 3600), ('2 hours', 7200),
        ('4 hours', 14400), ('8 hours', 28800), ('1 day', 86400), ('2 days', 172800), ('3 days', 259200),
        ('7 days', 604800), ('14 days', 1209600), ('30 days', 2592000),
    ]) }}
{% endmacro %}
