{# Every value is one that the seed knows, under the column's name. #}
{% test known_values(model, column, of) %}
select {{ column }}, count(*) as rows_found
from {{ model }} as model
where not exists (select 1 from {{ of }} as known where known.{{ column }} = model.{{ column }})
group by {{ column }}
{% endtest %}
