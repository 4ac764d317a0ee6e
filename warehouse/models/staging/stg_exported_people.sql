{{ staged('exported_people', {'row': 'cells'}) }}
