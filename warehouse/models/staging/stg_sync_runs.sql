{{ staged('sync_runs', {'resource': 'table_name', 'full': 'is_full'}) }}
