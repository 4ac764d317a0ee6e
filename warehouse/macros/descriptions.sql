{#
    Descriptions of columns that several marts have, by name. A model's yml file describes its other columns, and
    its description of a column takes precedence. Counts and rates are described by counted() and rates().
#}
{% macro shared_descriptions() %}
{% set words = {
    'built_in': 'Number of the build in which the row was written last.',
    'campaign_id': 'Id of the campaign.',
    'campaign_name': 'Name of the campaign.',
    'channel': 'The channel as Customer.io names it: email, push, twilio (SMS), in_app, slack, webhook and so on.',
    'cio_id': "Customer.io's own id of the person.",
    'created_at': 'Time of creation.',
    'created_on': 'The day on which the delivery was created, in the time zone of the project: its cohort.',
    'day': 'The day, in the time zone of the project.',
    'delivery_id': 'Id of the delivery: one message to one person.',
    'is_deleted': 'True if a complete sync no longer found the row.',
    'language': 'Language; null is the default one.',
    'message_key': 'Key of dim_message: the message, such as campaign:3:41 or newsletter:7:71.',
    'metric': 'Name of the metric.',
    'name': 'Name.',
    'parent_action_id': 'Id of the action that this one stands below, such as a random split.',
    'parent_id': 'Id of the campaign, broadcast, newsletter or transactional message that sent it.',
    'parent_name': 'Name of the campaign, broadcast, newsletter or transactional message.',
    'reason': 'Reason.',
    'recipient_domain': "Domain of the recipient's address; null on channels without addresses.",
    'segment_id': 'Id of the segment.',
    'sending_domain': 'Domain of the sender.',
    'source_type': 'campaign, broadcast, newsletter, transactional, or unknown.',
    'state': 'State.',
    'subject': 'Subject.',
    'table_name': 'The raw table.',
    'unit_id': 'Id of the action or the content; null where the delivery names none.',
    'first_day': 'Day of the first delivery.',
    'last_day': 'Day of the newest delivery.',
    'messages': 'Number of messages with at least one delivery.',
    'best_message_key': 'The message with the highest human_click_rate, of those with at least ' ~ var('least_openers') ~ ' reached; null if there are not two.',
    'worst_message_key': 'The message with the lowest human_click_rate, of those with at least ' ~ var('least_openers') ~ ' reached; null if there are not two.',
    'checked_at': 'Time of the comparison.',
    'cohort_day': 'The day of creation that is compared; null where the number has no day.',
    'ours': "The warehouse's number.",
    'theirs': "Customer.io's number.",
    'difference': 'ours - theirs.',
    'verdict': 'match, explained (the reason says by what), or mismatch.',
} %}
{% for name, _, says in counted() %}
    {% do words.setdefault(name, says) %}
    {% do words.setdefault(name ~ '_at', 'Time of the first `' ~ name ~ '`; null if never.') %}
{% endfor %}
{% for rate in rates() %}
    {% set since = ' Compare it once is_mature_' ~ rate.matures ~ '.' if rate.matures else '' %}
    {% do words.update({
        rate.name: rate.says ~ '; null without any.' ~ since,
        rate.name ~ '_numerator': 'Numerator of ' ~ rate.name ~ ': ' ~ rate.says ~ '.',
        rate.name ~ '_denominator': 'Denominator of ' ~ rate.name ~ ': ' ~ rate.says ~ '.',
        rate.name ~ '_low': 'Lower end of the 95 % Wilson interval of ' ~ rate.name ~ '.',
        rate.name ~ '_high': 'Upper end of the 95 % Wilson interval of ' ~ rate.name ~ '.',
    }) %}
{% endfor %}
{% for what, days in var('mature_after_days').items() %}
    {% do words.update({'is_mature_' ~ what: 'True if the newest delivery is at least ' ~ days ~ ' days old, so that few more events will come.'}) %}
{% endfor %}
{% for act in ['sent', 'opened', 'clicked', 'converted'] %}
    {% for days in [7, 30, 90, 365] %}
        {% do words.update({act ~ '_' ~ days ~ 'd': 'Messages ' ~ ('sent to the person' if act == 'sent' else act) ~ ' within the last ' ~ days ~ ' days.'}) %}
    {% endfor %}
{% endfor %}
{% for name in var('person_attributes') %}
    {% do words.setdefault(name, 'Attribute ' ~ name ~ ' of the person.') %}
{% endfor %}
{{ return(words) }}
{% endmacro %}


{#
    Writes the descriptions of a table and its columns as comments into the database, one query per table.

    It replaces dbt's own macro, which writes only the descriptions of columns that the model's yml file lists.
#}
{% macro persist_docs(relation, model, for_relation=true, for_columns=true) %}
    {% set words, statements = shared_descriptions(), [] %}
    {% if model.description %}
        {% do statements.append('comment on ' ~ relation.type ~ ' ' ~ relation ~ ' is ' ~ _quoted(model.description)) %}
    {% endif %}
    {% for name in run_query('select * from ' ~ relation ~ ' limit 0').column_names %}
        {% set listed = model.columns.get(name, {}).get('description') %}
        {% set says = listed or words.get(name) %}
        {% if says %}
            {% do statements.append('comment on column ' ~ relation ~ '.' ~ adapter.quote(name) ~ ' is ' ~ _quoted(says)) %}
        {% endif %}
    {% endfor %}
    {% if statements %}
        {% do run_query(statements | join(';\n')) %}
    {% endif %}
{% endmacro %}

{% macro _quoted(text) -%}
    '{{ text | trim | replace("'", "''") }}'
{%- endmacro %}
