{{ staged('newsletter_link_metrics') }}
