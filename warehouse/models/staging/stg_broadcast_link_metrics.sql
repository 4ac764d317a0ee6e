{{ staged('broadcast_link_metrics') }}
