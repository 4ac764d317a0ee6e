{{ staged('activities',
    {'id': 'activity_id', 'type': 'activity_type'}, {'cio_id': "nullif(customer_identifiers ->> 'cio_id', '')"}) }}
