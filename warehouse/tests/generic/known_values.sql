{# Every value of the column is a value of the same column in the seed `of`. #}
{% test known_values(model, column, of) %}
select {{ column }}, count(*) as rows_found
from {{ model }} as model
where not exists (select 1 from {{ of }} as known where known.{{ column }} = model.{{ column }})
group by {{ column }}
{% endtest %}
