{{ staged('campaign_journey_metrics') }}
