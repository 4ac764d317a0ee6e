{{ staged('broadcast_metrics') }}
