"""Which of dlt's destinations can hold the warehouse, by what dlt says that they can do.

A sync writes rows by their keys, again and again: a destination that cannot merge them would have them twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

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


@dataclass(frozen=True, kw_only=True)
class Fitness:
    """How a destination fits.

    `lacks` is what it cannot do, as words that go on after "it"; empty if a sync can use it.
    """

    name: str
    lacks: str

    @property
    def usable(self) -> bool:
        """True if it can hold the warehouse."""
        return not self.lacks


def fitness(name: str) -> Fitness:
    """How dlt's destination of that name fits, without a connection.

    Raises:
        ConfigError: dlt has no such destination.
    """
    can = _capabilities(_made(name))
    if _MERGE not in (can.supported_merge_strategies or ()):
        return Fitness(name=name, lacks="cannot update rows by their key (dlt's merge strategy `upsert`)")
    if can.sqlglot_dialect is None or name == _FILES:
        return Fitness(name=name, lacks="takes no SQL")
    if can.preferred_loader_file_format is None:
        return Fitness(name=name, lacks="loads from files in a bucket alone, which this does not set up")
    return Fitness(name=name, lacks="")


def destination(name: str) -> "Destination[Any, Any]":
    """Dlt's destination of that name.

    Raises:
        ConfigError: dlt has no such destination, or it cannot hold the warehouse.
    """
    fits = fitness(name)
    if not fits.usable:
        msg = (
            f"CIO_ELT_DESTINATION is {name!r}: it {fits.lacks}, so it cannot hold the warehouse. Nothing was "
            "requested or written. Leave it out for DuckDB, or name a destination that merges rows, such as "
            "postgres."
        )
        raise ConfigError(msg)
    made: Destination[Any, Any] = _made(name)
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


def _made(name: str) -> Any:
    from dlt.common.destination import Destination
    from dlt.common.destination.exceptions import UnknownDestinationModule

    own = _OWN.get(name)
    try:
        return own() if own else Destination.from_reference(name)
    except UnknownDestinationModule:
        msg = (
            f"CIO_ELT_DESTINATION is {name!r}, which dlt does not know. Leave it out for DuckDB, or name one "
            "of dlt's SQL destinations, such as postgres."
        )
        raise ConfigError(msg) from None
