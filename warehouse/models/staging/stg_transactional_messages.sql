{{ staged('transactional_messages', {'id': 'transactional_message_id'}) }}
