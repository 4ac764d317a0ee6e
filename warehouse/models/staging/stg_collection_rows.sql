{{ staged('collection_rows', {'row': 'cells'}) }}
