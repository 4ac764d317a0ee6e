"""The operations, one module for each of Customer.io's nouns."""
