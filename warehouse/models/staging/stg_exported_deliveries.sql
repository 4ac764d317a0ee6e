{{ staged('exported_deliveries', {'row': 'cells'}) }}
