"""The journal's names of workspaces.

A workspace is named by a digest of the site id of its first Track API keys. The name stays when the keys are
rotated: the table `workspaces` has it by Customer.io's id of the workspace.
"""

import time
from hashlib import sha256

import duckdb

from pipelines.push.journal.database import SCHEMA, Journal

_USED = f"SELECT workspace, max(started_at) AS used_at FROM {SCHEMA}.runs GROUP BY ALL"


def name_of_workspace(journal: Journal, environment_id: int, site_id: str, *, proven: bool) -> str:
    """The name of a workspace in the journal.

    A name of runs that the table `workspaces` lacks is that of earlier keys. It is taken over once the keys
    are proven to be of the data folder's workspace; until then it is used, and not recorded.
    """
    own = sha256(site_id.encode()).hexdigest()[:12]
    with journal.open() as connection:
        recorded = connection.execute(
            f"SELECT workspace FROM {SCHEMA}.workspaces WHERE environment_id = ?", [environment_id]
        ).fetchone()
        if recorded is not None:
            return str(recorded[0])
        unnamed = _unnamed(connection)
        name = own if own in unnamed or not unnamed else unnamed[0]
        if proven or name == own:
            connection.execute(
                f"INSERT INTO {SCHEMA}.workspaces VALUES (?, ?, ?)", [name, environment_id, time.time()]
            )
        return name


def _unnamed(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The names without an id of a workspace, that of the latest run first."""
    found = connection.execute(
        f"SELECT workspace FROM ({_USED}) WHERE workspace NOT IN (SELECT workspace FROM {SCHEMA}.workspaces) "
        "ORDER BY used_at DESC"
    )
    return [str(name) for (name,) in found.fetchall()]
