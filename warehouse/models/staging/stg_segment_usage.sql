{{ staged('segment_usage') }}
