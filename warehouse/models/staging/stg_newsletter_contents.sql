{{ staged('newsletter_contents', {'id': 'content_id', 'type': 'channel', 'from': 'from_address'}) }}
