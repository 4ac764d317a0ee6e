{{ staged('segment_memberships', {'id': 'person_id'}) }}
