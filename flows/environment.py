"""Prefect's settings as this project needs them. Prefect reads them when it is imported; a user's own stay.

This module imports no Prefect: it comes before it.
"""

import os
from contextlib import suppress
from pathlib import Path

from pipelines.errors import ConfigError
from pipelines.settings import read_settings

HEARTBEAT_S = 30
"""Seconds between two signs of life of a run; the least that Prefect allows."""

DEFAULTS = {
    # A server of one's own, never the temporary one: that takes up to 24 s to start and forgets schedules.
    "PREFECT_API_URL": "http://127.0.0.1:4200/api",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    # No telemetry, no advertising.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # Kept in memory, the places of a concurrency limit are lost when the server restarts, and each run that
    # held one is then stopped.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
    # Seconds between two looks for runs to start.
    "PREFECT_RUNNER_POLL_FREQUENCY": "3",
    # Log lines outside of runs have no place on the server.
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}


def prepare() -> None:
    """Set what is not set; Prefect's own folder is within the data folder, not in the user's home."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    if "PREFECT_HOME" not in os.environ:
        home = _data().resolve() / "prefect"
        os.environ["PREFECT_HOME"] = str(home)
        with suppress(OSError):
            # Prefect makes the folder, but not those above it. One that cannot be made, the run complains of.
            home.mkdir(parents=True, exist_ok=True)


def _data() -> Path:
    try:
        return read_settings().cio_elt_data
    except ConfigError:
        # The run itself says what is wrong with the settings, in a sentence.
        return Path("warehouse/data")
