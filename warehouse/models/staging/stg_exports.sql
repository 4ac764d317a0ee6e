{{ staged('exports', {'id': 'export_id', 'type': 'export_type', 'failed': 'is_failed'}) }}
