"""The page of the runs: the newest rows of the run ledger."""

import sqlite3
from typing import Any

from pipelines.settings import Settings
from pipelines.trace import RunLedger, State

SHOWN = 100
"""The runs that the page shows, the newest first."""

TONES: dict[State, str] = {
    "running": "",
    "done": "good",
    "partly": "open",
    "failed": "bad",
    "killed": "bad",
    "stopped": "open",
    "refused": "open",
    "interrupted": "open",
    "skipped": "",
    "waiting": "",
}
"""The tone in which a state is shown: good, open, bad, or none."""


def read(settings: Settings) -> dict[str, Any]:
    """The data of the page; of a ledger that cannot be read it has the reason, and no runs."""
    ledger, problem = RunLedger(settings.cio_elt_data), ""
    try:
        found = ledger.runs()
    except (OSError, sqlite3.Error) as error:
        found = []
        problem = f"The run ledger {ledger.file} cannot be read ({error}). `cio-elt doctor` says what to do."
    return {"runs": found[:SHOWN], "all": len(found), "problem": problem, "tones": TONES}
