{{ staged('segments', {'id': 'segment_id', 'type': 'segment_type'}) }}
