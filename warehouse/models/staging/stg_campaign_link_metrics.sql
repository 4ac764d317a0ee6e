{{ staged('campaign_link_metrics') }}
