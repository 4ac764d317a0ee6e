{{ staged('people',
    {'id': 'person_id', 'unsubscribed': 'is_unsubscribed'}, {'email': "nullif(identifiers ->> 'email', '')"}) }}
