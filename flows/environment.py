"""Environment variables of Prefect that this project needs; those that the user has set stay.

Prefect reads them when it is imported, so this module does not import Prefect.
"""

import os
from contextlib import suppress
from pathlib import Path

from pipelines.errors import ConfigError
from pipelines.permissions import make_data_folder
from pipelines.settings import read_settings

HEARTBEAT_S = 30
"""Seconds between two heartbeats of a run; the least that Prefect allows."""

DEFAULTS = {
    # A server of its own, not Prefect's temporary one, which takes up to 24 s to start and loses schedules.
    "PREFECT_API_URL": "http://127.0.0.1:4200/api",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    # No telemetry, no advertising.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # In memory, the slots of a concurrency limit would be lost when the server restarts, and Prefect would
    # stop each run that held one.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
    # Seconds between two requests for runs to start.
    "PREFECT_RUNNER_POLL_FREQUENCY": "3",
    # Log lines outside of runs are not sent to the server.
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}


def prepare() -> None:
    """Set the variables that are not set; Prefect's folder is in the data folder, not in the user's home."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    if "PREFECT_HOME" not in os.environ:
        home = _data().resolve() / "prefect"
        os.environ["PREFECT_HOME"] = str(home)
        with suppress(OSError):
            # Prefect creates the folder, but not its parents. If that fails here, the run reports it.
            make_data_folder(home.parent)
            make_data_folder(home)


def _data() -> Path:
    try:
        return read_settings().cio_elt_data
    except ConfigError:
        # The run itself reports the invalid setting.
        return Path("warehouse/data")
