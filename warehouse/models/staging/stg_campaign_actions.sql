{{ staged('campaign_actions', {'id': 'action_id', 'type': 'action_type', 'from': 'from_address'}) }}
