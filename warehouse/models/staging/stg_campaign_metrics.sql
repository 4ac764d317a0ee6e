{{ staged('campaign_metrics') }}
