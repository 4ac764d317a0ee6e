"""Loads campaigns, their steps and the segments into a DuckDB file of its own, with dlt and the source alone.

    CUSTOMERIO_APP_API_KEY=... .venv/bin/python examples/load_campaigns.py

writes `campaigns.duckdb` into the current folder. The next run loads only what has changed since. dlt's own
files lie beside it: in the user's home, they would lead a run in another folder to the file of the first one.
"""

import os

import dlt

from sources.customerio import customerio_source

# dlt tells its makers of each run, unless this says no.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
pipeline = dlt.pipeline(
    "campaigns",
    destination=dlt.destinations.duckdb("campaigns.duckdb"),
    dataset_name="customerio_raw",
    pipelines_dir="campaigns_dlt",
)
pipeline.run(customerio_source(["campaigns", "campaign_actions", "segments"]))

with pipeline.sql_client() as client:
    for table in ("campaigns", "campaign_actions", "segments"):
        [(rows,)] = client.execute_sql(f"SELECT count(*) FROM {table} WHERE deleted_at IS NULL") or []
        print(f"{table}: {rows} rows")
