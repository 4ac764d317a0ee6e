{{ staged('subscription_topics', {'id': 'topic_id'}) }}
