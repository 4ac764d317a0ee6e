{{ staged('newsletters', {'id': 'newsletter_id', 'type': 'channel'}) }}
