{# Every value of the column is a value of the same column in `other`. #}
{% test found_in(model, column, other) %}
select distinct {{ column }}
from {{ model }} as model
where not exists (select 1 from {{ other }} as other where other.{{ column }} = model.{{ column }})
{% endtest %}
