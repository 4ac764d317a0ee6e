"""The data folder that wrote a PostgreSQL warehouse last, so that several can take turns.

The warehouse has a token of the last run that took the writer's lock, and the data folder of that run has the
same one. If they differ, another folder has written since: dlt's working folder is of an older state, and a
package that waits in it was read before that. Both are removed, for the warehouse has the state that
continues, and Customer.io the rows.
"""

import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

from pipelines.errors import ConfigError
from pipelines.notify import Notify
from pipelines.warehouse.sql import DATASET, OWN, literal
from sources.permissions import replace_file

_TABLE = f"{DATASET}.{OWN}writer"
_FILE = "writer.token"


def take_over(client: Any, data: Path, working: Path, notify: Notify) -> None:
    """Note the data folder as the last writer; remove dlt's `working` folder if another one was.

    The caller holds the writer's lock in the session of `client`. `notify` gets a sentence if a package is
    removed.

    Raises:
        ConfigError: the server does not let this user make tables.
    """
    try:
        client.execute_sql(f"CREATE SCHEMA IF NOT EXISTS {DATASET}")
        client.execute_sql(f"CREATE TABLE IF NOT EXISTS {_TABLE} (token text NOT NULL)")
    except Exception as error:
        msg = (
            f"The server does not let this user make tables in the schema {DATASET} ({_line(error)}). Give "
            "it CREATE on that schema, or on the database."
        )
        raise ConfigError(msg) from None
    file, token = data / _FILE, uuid4().hex
    last = {found for (found,) in client.execute_sql(f"SELECT token FROM {_TABLE}")}
    if working.exists() and not (file.exists() and file.read_text() in last):
        if any(working.glob("*/normalize/extracted/*/")) or any(working.glob("*/load/normalized/*/")):
            notify(
                "An earlier run of this data folder ended before it had loaded everything, and another one "
                "has written the warehouse since: what it had read is read again."
            )
        shutil.rmtree(working)
    with client.begin_transaction():
        client.execute_sql(f"DELETE FROM {_TABLE}")
        client.execute_sql(f"INSERT INTO {_TABLE} VALUES ({literal(token)})")
    replace_file(file, token.encode())


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
