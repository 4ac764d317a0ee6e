"""The server that has the warehouse if it is no DuckDB file: a connection to it.

A connection needs no pipeline, whose folder belongs to the writer.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipelines.errors import ConfigError
from pipelines.settings import Settings
from pipelines.warehouse.destinations import destination
from pipelines.warehouse.sql import DATASET


@contextmanager
def connected(settings: Settings) -> Iterator[Any]:
    """A connection to the server of these settings, as dlt's client of SQL.

    Raises:
        ConfigError: the destination cannot hold the warehouse, or its package is missing, or the server
            cannot be reached, or refuses the user.
    """
    from dlt.common.schema import Schema

    found = destination(settings.cio_elt_destination)
    given = found.spec()._bind_dataset_name(dataset_name=DATASET)
    client: Any = found.client(Schema("customerio"), given)
    client = client.sql_client
    try:
        client.open_connection()
    except Exception as error:
        if not _is_refusal(error):
            raise
        raise _unreachable(settings, error) from None
    try:
        yield client
    finally:
        client.close_connection()


def _is_refusal(error: Exception) -> bool:
    from dlt.destinations.exceptions import DestinationConnectionError

    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, DestinationConnectionError) or "OperationalError" in names


def _unreachable(settings: Settings, error: Exception) -> ConfigError:
    """The error for a server that does not answer or refuses the user, with the driver's words about it."""
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    # A password with an @ in it, which was not escaped, is read as a part of the host.
    said = re.sub(r'"[^"]*@[^"]*"', '"…"', said)
    msg = (
        f"The warehouse is in {settings.cio_elt_destination}, and its server cannot be used: "
        f"{said.rstrip('.')}. Start it, or correct the credentials that dlt is given, as in "
        f"DESTINATION__{settings.cio_elt_destination.upper()}__CREDENTIALS."
    )
    return ConfigError(msg)
