"""Ingest: syncs and backfills, the check before them, and the status of the tables that they fill."""
