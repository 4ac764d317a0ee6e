{{ staged('newsletter_metrics') }}
