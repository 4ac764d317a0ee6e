"""Forecasts of syncs and backfills: what they cost, before they run.

warehouse, watermarks, small requests ──> Survey ──> a cost for each reader ──> Forecast
"""
