{{ staged('campaign_action_metrics') }}
