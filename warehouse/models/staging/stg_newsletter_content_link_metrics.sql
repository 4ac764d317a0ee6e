{{ staged('newsletter_content_link_metrics') }}
