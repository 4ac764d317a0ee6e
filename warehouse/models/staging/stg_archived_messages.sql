{{ staged('archived_messages', {'id': 'delivery_id', 'from': 'from_address', 'forgotten': 'is_forgotten'}) }}
