{#
    The definitions of all counts and rates of deliveries: a row each in counted() and rates().

    Conditions are over the columns of fct_delivery. The denominator of a rate is the deliveries for which `of` holds;
    its numerator those of them for which `reached` holds too. So a rate lies between 0 and 1 on every channel; it is
    null if the denominator is 0, or below `least`.
#}
{% macro counted() %}
    {{ return([
        ('deliveries', 'true', 'Deliveries that Customer.io made, sent or not.'),
        ('attempted', 'attempted_at is not null', 'Deliveries that were attempted (Slack and webhooks).'),
        ('sent', 'sent_at is not null', 'Deliveries handed to the provider.'),
        ('delivered', 'delivered_at is not null', 'Deliveries that the provider confirmed to have arrived.'),
        ('reached', 'is_reached', 'Deliveries that arrived at a person: delivered; or opened, clicked and so on without a report of delivery; or sent, on channels that report no delivery.'),
        ('opened', 'opened_at is not null', 'Deliveries that were opened, by people or machines.'),
        ('human_opened', 'human_opened_at is not null', 'Deliveries that a person opened; null if all are older than ' ~ var('human_opens_since') ~ ', the day from which Customer.io tells people from machines.'),
        ('prefetch_opened', 'prefetch_opened_at is not null', 'Deliveries that a machine opened, such as a mail proxy.'),
        ('clicked', 'clicked_at is not null', 'Deliveries with a clicked link, by people or machines.'),
        ('human_clicked', 'human_clicked_at is not null', 'Deliveries in which a person clicked; null if all are older than ' ~ var('human_clicks_since') ~ '.'),
        ('prefetch_clicked', 'prefetch_clicked_at is not null', 'Deliveries in which a machine clicked, such as a link scanner.'),
        ('converted', 'converted_at is not null', "Deliveries to which Customer.io attributes a conversion, by the campaign's own goal."),
        ('replied', 'replied_at is not null', 'Deliveries that were replied to.'),
        ('bounced', 'bounced_at is not null', 'Deliveries that bounced.'),
        ('deferred', 'deferred_at is not null', 'Deliveries that the receiving server deferred.'),
        ('dropped', 'dropped_at is not null', 'Deliveries that the provider did not send.'),
        ('failed', 'failed_at is not null', 'Deliveries that could not be made or sent.'),
        ('undeliverable', 'undeliverable_at is not null', 'Deliveries without an address, or over the message limit.'),
        ('suppressed', 'suppressed_at is not null', 'Deliveries to a suppressed address.'),
        ('spammed', 'spammed_at is not null', 'Deliveries reported as spam.'),
        ('unsubscribed', 'unsubscribed_at is not null', 'Deliveries from which a person unsubscribed.'),
        ('topic_unsubscribed', 'topic_unsubscribed_at is not null', 'Deliveries from which a person left a topic.'),
    ]) }}
{% endmacro %}


{% macro rates() %}
    {{ return([
        {'name': 'delivery_rate', 'of': 'is_sent_and_reported', 'reached': 'delivered_at is not null',
         'says': 'delivered / sent, of channels that report delivery'},
        {'name': 'bounce_rate', 'of': 'is_sent_and_reported', 'reached': 'bounced_at is not null',
         'says': 'bounced / sent, of channels that report delivery'},
        {'name': 'loss_rate', 'of': 'sent_at is not null or is_lost', 'reached': 'is_lost',
         'says': '(dropped, failed, undeliverable or suppressed) / (sent or those)'},
        {'name': 'open_rate', 'of': 'is_openable', 'reached': 'opened_at is not null', 'matures': 'open',
         'says': 'opened / reached, of channels that can be opened; machines included, as in Customer.io'},
        {'name': 'human_open_rate', 'of': 'is_openable and knows_human_opens', 'reached': 'human_opened_at is not null', 'matures': 'open',
         'says': 'opened by a person / reached, of channels that can be opened, of deliveries since ' ~ var('human_opens_since')},
        {'name': 'machine_open_share', 'of': 'opened_at is not null and knows_human_opens', 'reached': 'prefetch_opened_at is not null', 'matures': 'open',
         'says': 'opened by a machine / opened, of deliveries since ' ~ var('human_opens_since')},
        {'name': 'click_rate', 'of': 'is_clickable', 'reached': 'clicked_at is not null', 'matures': 'click',
         'says': 'clicked / reached, of channels that can be clicked; machines included, as in Customer.io'},
        {'name': 'human_click_rate', 'of': 'is_clickable and knows_human_clicks', 'reached': 'human_clicked_at is not null', 'matures': 'click',
         'says': 'clicked by a person / reached, of channels that can be clicked, of deliveries since ' ~ var('human_clicks_since')},
        {'name': 'click_to_open_rate', 'of': 'is_openable and opened_at is not null', 'reached': 'clicked_at is not null', 'matures': 'click', 'least': var('least_openers'),
         'says': 'clicked / opened; null under ' ~ var('least_openers') ~ ' opened'},
        {'name': 'human_click_to_open_rate', 'of': 'is_openable and human_opened_at is not null and knows_human_clicks', 'reached': 'human_clicked_at is not null', 'matures': 'click', 'least': var('least_openers'),
         'says': 'clicked by a person / opened by a person, of deliveries since ' ~ var('human_clicks_since') ~ '; null under ' ~ var('least_openers') ~ ' opened'},
        {'name': 'conversion_rate', 'of': 'is_reached', 'reached': 'converted_at is not null', 'matures': 'conversion',
         'says': 'converted / reached'},
        {'name': 'unsubscribe_rate', 'of': 'is_reached', 'reached': 'unsubscribed_at is not null', 'matures': 'click',
         'says': 'unsubscribed / reached'},
        {'name': 'spam_rate', 'of': 'is_reached and can_be_reported_as_spam', 'reached': 'spammed_at is not null', 'matures': 'click',
         'says': 'reported as spam / reached, of channels where that is possible; mailbox providers act from 0.3 % on'},
    ]) }}
{% endmacro %}


{# The column of fct_delivery that is true for deliveries of which the count `human_opened` or `human_clicked` is known. #}
{% macro knows(name) -%}
    knows_{{ name | replace('ed', 's') }}
{%- endmacro %}


{# All counts, and the numerator and denominator of all rates, over rows of fct_delivery. #}
{% macro count_deliveries() -%}
    {%- for name, condition, _ in counted() %}
    {% if name.startswith('human_') -%}
    case when count(*) filter (where {{ knows(name) }}) > 0
        then count(*) filter (where {{ condition }}) end as {{ name }},
    {%- else -%}
    count(*) filter (where {{ condition }}) as {{ name }},
    {%- endif %}
    {%- endfor %}
    {%- for rate in rates() %}
    count(*) filter (where ({{ rate.of }}) and {{ rate.reached }}) as {{ rate.name }}_numerator,
    count(*) filter (where {{ rate.of }}) as {{ rate.name }}_denominator
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
{%- endmacro %}


{# The sums of the same columns, over rows of message_daily. #}
{% macro sum_counts() -%}
    {%- for name, _, _ in counted() %}
    cast(sum({{ name }}) as bigint) as {{ name }},
    {%- endfor %}
    {%- for rate in rates() %}
    cast(sum({{ rate.name }}_numerator) as bigint) as {{ rate.name }}_numerator,
    cast(sum({{ rate.name }}_denominator) as bigint) as {{ rate.name }}_denominator
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
{%- endmacro %}


{# The counts, then each rate with its numerator, denominator and interval. #}
{% macro with_rates() -%}
    {%- for name, _, _ in counted() %}
    {{ name }},
    {%- endfor %}
    {{ rate_columns(rates()) }}
{%- endmacro %}


{#
    For each rate: numerator, denominator, rate, and the 95 % Wilson interval.

    The interval's SQL is rendered once and filled in: dbt needs a millisecond for each call of a macro.
#}
{% macro rate_columns(wanted) -%}
    {%- set low, high = wilson_low('<x>', '<n>'), wilson_high('<x>', '<n>') %}
    {%- for rate in wanted %}
    {%- set x, n = rate.name ~ '_numerator', rate.name ~ '_denominator' %}
    {%- set known = 'case when ' ~ n ~ ' >= ' ~ rate.get('least', 1) ~ ' then ' %}
    {{ x }},
    {{ n }},
    {{ known }}1.0e0 * {{ x }} / {{ n }} end as {{ rate.name }},
    {{ known }}{{ low | replace('<x>', x) | replace('<n>', n) }} end as {{ rate.name }}_low,
    {{ known }}{{ high | replace('<x>', x) | replace('<n>', n) }} end as {{ rate.name }}_high
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
{%- endmacro %}


{# True if a cohort whose newest delivery was created at `newest` is old enough to be compared. #}
{% macro maturity(newest) -%}
    {%- for what, days in var('mature_after_days').items() %}
    {{ newest }} <= {{ as_of() }} - interval '{{ days }} days' as is_mature_{{ what }}
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
{%- endmacro %}
