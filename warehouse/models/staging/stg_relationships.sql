{{ staged('relationships', {'id': 'person_id', 'object_type_disabled': 'is_type_disabled'}) }}
