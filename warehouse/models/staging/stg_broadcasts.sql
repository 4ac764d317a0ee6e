{{ staged('broadcasts', {'id': 'broadcast_id', 'type': 'broadcast_type', 'active': 'is_active'}) }}
