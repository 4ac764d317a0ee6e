{{ staged('object_types', {'id': 'object_type_id', 'enabled': 'is_enabled'}) }}
