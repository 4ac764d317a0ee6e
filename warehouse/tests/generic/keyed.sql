{#
    The columns `by` are the table's key: not null and unique. `or_null` names those that may be null.
    `newest_build_only` limits the test to the rows that the newest build of an incremental model wrote.
#}
{% test keyed(model, by, or_null=[], newest_build_only=false) %}
select {{ by | join(', ') }}, count(*) as rows_found
from {{ model }}
{% if newest_build_only -%}
where built_in = (select max(built_in) from {{ model }})
{% endif -%}
group by {{ by | join(', ') }}
having count(*) > 1
{%- for column in by if column not in or_null %} or {{ column }} is null{% endfor %}
{% endtest %}
