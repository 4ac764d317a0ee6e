{{ staged('subscription_preferences', {'id': 'person_id', 'unsubscribed': 'is_unsubscribed'}) }}
