{{ staged('transactional_link_metrics') }}
