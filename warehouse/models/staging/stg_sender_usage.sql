{{ staged('sender_usage') }}
