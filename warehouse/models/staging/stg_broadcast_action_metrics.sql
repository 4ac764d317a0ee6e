{{ staged('broadcast_action_metrics') }}
