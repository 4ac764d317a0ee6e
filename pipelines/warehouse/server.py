"""The server that has the warehouse if it is no DuckDB file: its destination of dlt, and a connection to it.

A connection needs no pipeline, whose folder belongs to the writer.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipelines.errors import ConfigError
from pipelines.settings import Settings
from pipelines.warehouse.sql import DATASET

if TYPE_CHECKING:
    from dlt.common.destination import Destination

POSTGRES = "postgres"
"""The destination whose writers are kept apart, wherever they run."""


def _postgres() -> "Destination[Any, Any]":
    from pipelines.warehouse.postgres_destination import PostgresDestination

    return PostgresDestination()


_OWN: Mapping[str, Callable[[], "Destination[Any, Any]"]] = {POSTGRES: _postgres}
"""Destinations with another way of writing than dlt's."""


def destination(settings: Settings) -> Any:
    """Dlt's destination of these settings.

    Raises:
        ConfigError: dlt has no such destination.
    """
    from dlt.common.destination import Destination
    from dlt.common.destination.exceptions import UnknownDestinationModule

    name = settings.cio_elt_destination
    own = _OWN.get(name)
    try:
        return own() if own else Destination.from_reference(name)
    except UnknownDestinationModule:
        msg = (
            f"CIO_ELT_DESTINATION is {name!r}, which dlt does not know. Leave it out for DuckDB, or name one "
            "of dlt's SQL destinations, such as postgres."
        )
        raise ConfigError(msg) from None


@contextmanager
def connected(settings: Settings) -> Iterator[Any]:
    """A connection to the server of these settings, as dlt's client of SQL.

    Raises:
        ConfigError: the destination has no SQL, or the server cannot be reached, or refuses the user.
    """
    from dlt.common.schema import Schema

    found = destination(settings)
    given = found.spec()._bind_dataset_name(dataset_name=DATASET)
    client = getattr(found.client(Schema("customerio"), given), "sql_client", None)
    if client is None:
        msg = (
            f"CIO_ELT_DESTINATION is {settings.cio_elt_destination!r}, which takes no SQL. Name one of dlt's "
            "SQL destinations, such as postgres."
        )
        raise ConfigError(msg)
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
