{{ staged('reconciliation') }}
