{#
    A delivery, with the moment of each documented metric as a column. Metrics that Customer.io adds are in
    `metrics`, and rows of fct_delivery_event.
#}
{% set moments = ['drafted', 'attempted', 'sent', 'delivered', 'deferred', 'bounced', 'dropped', 'failed',
    'undeliverable', 'suppressed', 'opened', 'human_opened', 'prefetch_opened', 'clicked', 'human_clicked',
    'prefetch_clicked', 'converted', 'replied', 'spammed', 'unsubscribed', 'topic_unsubscribed'] %}
{% set more = {'cio_id': "nullif(customer_identifiers ->> 'cio_id', '')"} %}
{% for metric in moments %}
    {% do more.update({metric ~ '_at': "to_timestamp(cast(metrics ->> '" ~ metric ~ "' as bigint))"}) %}
{% endfor %}

{{ staged('messages', {'id': 'delivery_id', 'type': 'channel', 'customer_id': 'person_id', 'forgotten': 'is_forgotten'}, more) }}
