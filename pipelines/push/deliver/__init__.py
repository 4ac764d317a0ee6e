"""Delivery: rows become requests or an import, and each answer the states of its rows. Decides nothing."""
