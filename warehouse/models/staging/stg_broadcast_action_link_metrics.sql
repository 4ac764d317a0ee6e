{{ staged('broadcast_action_link_metrics') }}
