{{ staged('newsletter_content_metrics') }}
