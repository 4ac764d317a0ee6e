{{ staged('broadcast_triggers', {'id': 'trigger_id'}) }}
