"""Which of dlt's destinations can hold the warehouse, by what dlt says that they can do.

A sync writes rows by their keys, again and again: a destination that cannot merge them would have them twice.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from pipelines.errors import ConfigError
from pipelines.settings import Settings

if TYPE_CHECKING:
    from dlt.common.destination import Destination, TLoaderFileFormat
    from dlt.common.destination.capabilities import DestinationCapabilitiesContext

POSTGRES: Final = "postgres"
"""The destination whose writers are kept apart, wherever they run."""
DUCKDB: Final = "duckdb"
"""The destination that is a file, of which readers get a copy."""
RUN_HERE: Final = frozenset({DUCKDB, POSTGRES})
"""Destinations for which the tests run the commands; others are only known by dlt's description."""
_MERGE: Final = "upsert"
_FILE_FORMATS: Final[Mapping[str, "TLoaderFileFormat"]] = {DUCKDB: "parquet"}
"""Formats of load packages that serve better than the one that dlt prefers, which is INSERT statements for
DuckDB. PostgreSQL gets those: dlt's Parquet path fails there on empty tables, and its CSV path makes nulls of
empty texts."""
_FILES: Final = "filesystem"
"""A folder or bucket of files: dlt gives it DuckDB's dialect, for views that only its own process has."""


def _postgres() -> "Destination[Any, Any]":
    from pipelines.warehouse.postgres_destination import PostgresDestination

    return PostgresDestination()


_OWN: Mapping[str, Callable[[], "Destination[Any, Any]"]] = {POSTGRES: _postgres}
"""Destinations with another way of writing than dlt's."""


def destination(name: str) -> "Destination[Any, Any]":
    """Dlt's destination of that name, without a connection.

    Raises:
        ConfigError: dlt has no such destination, or it cannot hold the warehouse.
    """
    made = _made(name)
    if lacks := _lacks(made):
        msg = (
            f"CIO_ELT_DESTINATION is {name!r}: it {lacks}, so it cannot hold the warehouse. Nothing was "
            "requested or written. Leave it out for DuckDB, or name a destination that merges rows, such as "
            "postgres."
        )
        raise ConfigError(msg)
    return made


def check_destination(settings: Settings) -> None:
    """Check that the destination of these settings can hold the warehouse.

    Raises:
        ConfigError: it cannot, or dlt does not know it.
    """
    if not settings.publishes:
        destination(settings.cio_elt_destination)


def file_format_of(target: "Destination[Any, Any]") -> "TLoaderFileFormat":
    """The file format of load packages for a destination."""
    preferred = _capabilities(target).preferred_loader_file_format
    return _FILE_FORMATS.get(target.destination_name) or preferred or "parquet"


def _capabilities(made: "Destination[Any, Any]") -> "DestinationCapabilitiesContext":
    # The public method asks for credentials first.
    return made._raw_capabilities()


def _lacks(made: "Destination[Any, Any]") -> str:
    """The thing that a sync needs and it cannot do, in words that follow "it"; empty if there is none."""
    can = _capabilities(made)
    if _MERGE not in (can.supported_merge_strategies or ()):
        return "cannot update rows by their key (dlt's merge strategy `upsert`)"
    if can.sqlglot_dialect is None or made.destination_name == _FILES:
        return "takes no SQL"
    if can.preferred_loader_file_format is None:
        return "loads from files in a bucket alone, which this does not set up"
    return ""


def _made(name: str) -> "Destination[Any, Any]":
    from dlt.common.destination import Destination
    from dlt.common.destination.exceptions import UnknownDestinationModule

    own = _OWN.get(name)
    try:
        return own() if own else cast("Destination[Any, Any]", Destination.from_reference(name))
    except UnknownDestinationModule:
        msg = (
            f"CIO_ELT_DESTINATION is {name!r}, which dlt does not know. Leave it out for DuckDB, or name one "
            "of dlt's SQL destinations, such as postgres."
        )
        raise ConfigError(msg) from None
