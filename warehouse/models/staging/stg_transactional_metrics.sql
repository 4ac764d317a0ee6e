{{ staged('transactional_metrics') }}
