{{ staged('transactional_contents',
    {'transactional_id': 'transactional_message_id', 'id': 'content_id', 'type': 'channel', 'from': 'from_address'}) }}
