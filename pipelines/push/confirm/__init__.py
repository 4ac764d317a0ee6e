"""Confirmation: which of the rows that Customer.io accepted it also applied."""
