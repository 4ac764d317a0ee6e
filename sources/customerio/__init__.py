"""Customer.io as a dlt source."""
