{{ staged('snippets', {'name': 'snippet_name', 'value': 'snippet_value'}) }}
