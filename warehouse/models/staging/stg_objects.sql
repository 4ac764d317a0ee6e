{{ staged('objects') }}
