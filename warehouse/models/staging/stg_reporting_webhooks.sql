{{ staged('reporting_webhooks', {'id': 'webhook_id', 'type': 'webhook_type', 'disabled': 'is_disabled'}) }}
