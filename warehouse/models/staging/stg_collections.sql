{{ staged('collections',
    {'id': 'collection_id', 'rows': 'row_count', 'schema': 'column_names', 'bytes': 'byte_count'}) }}
