{{ staged('campaigns', {'id': 'campaign_id', 'type': 'campaign_type', 'active': 'is_active'}) }}
