{# Every rate lies between 0 and 1 and within its interval; its numerator is at most its denominator. #}
{% test rates_hold(model) %}
{% set columns = adapter.get_columns_in_relation(model) | map(attribute='name') | list %}
select *
from {{ model }}
where false
{%- for rate in rates() if rate.name in columns %}
    or {{ rate.name }}_numerator > {{ rate.name }}_denominator
    or not ({{ rate.name }} between 0 and 1)
    or not ({{ rate.name }} between {{ rate.name }}_low - 1e-12 and {{ rate.name }}_high + 1e-12)
{%- endfor %}
{%- if 'opened' in columns and 'human_opened' in columns and 'clock' not in columns %}
    or human_opened > opened or human_clicked > clicked
{%- endif %}
{% endtest %}
