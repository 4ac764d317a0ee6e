{{ staged('esp_suppressions', {'created': 'suppressed_at', 'domain': 'sending_domain'}) }}
