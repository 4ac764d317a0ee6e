"""dlt's DuckDB destination, without the repeated resolution of its configuration.

dlt asks for the capabilities of a destination more than twenty times a run, and resolves the configuration
each time, from environment and files: a third of the time of a small sync. DuckDB's capabilities do not
depend on it.
"""

from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.normalizers.naming import NamingConvention
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration


class DuckdbDestination(duckdb):
    """`dlt.destinations.duckdb`, under whose name dlt keeps it in a pipeline's state."""

    def capabilities(
        self, config: DuckDbClientConfiguration | None = None, naming: NamingConvention | None = None
    ) -> DestinationCapabilitiesContext:
        """The capabilities of DuckDB for identifiers of that naming; without `config`, none is resolved."""
        return super().capabilities(config or self.spec(), naming)

    @property
    def destination_type(self) -> str:
        """The type of dlt's own destination."""
        return "dlt.destinations.duckdb"
