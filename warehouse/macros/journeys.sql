{# The counts of journeys, as Customer.io names them. #}
{% macro journey_counts() %}
    {{ return(['started', 'activated', 'never_activated', 'messaged', 'finished', 'exited_early', 'converted']) }}
{% endmacro %}


{# The shares of journeys: (name, numerator, denominator), both counts. #}
{% macro journey_shares() %}
    {{ return([
        ('activated_share', 'activated', 'started'),
        ('messaged_of_activated', 'messaged', 'activated'),
        ('finished_of_activated', 'finished', 'activated'),
        ('exited_early_of_activated', 'exited_early', 'activated'),
        ('converted_of_activated', 'converted', 'activated'),
    ]) }}
{% endmacro %}
