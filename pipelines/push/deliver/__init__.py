"""Delivery: rows become requests or a CSV import, and each answer a verdict per row. Decides nothing."""
