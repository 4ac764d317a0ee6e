{{ staged('ip_addresses') }}
