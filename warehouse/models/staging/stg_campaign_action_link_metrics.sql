{{ staged('campaign_action_link_metrics') }}
