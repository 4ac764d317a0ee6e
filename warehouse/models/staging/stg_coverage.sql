{{ staged('coverage', {'resource': 'table_name', 'start_at': 'first_second_at', 'end_at': 'last_second_at'}) }}
