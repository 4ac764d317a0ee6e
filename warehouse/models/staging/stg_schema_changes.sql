{{ staged('schema_changes') }}
