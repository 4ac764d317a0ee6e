"""WHAT CUSTOMER.IO LOOKS LIKE. Knows no warehouse engine and no scheduler."""
