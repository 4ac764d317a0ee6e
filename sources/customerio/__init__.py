"""Customer.io as a dlt source: every table of `RESOURCES`, incrementally.

Use it as any other: `dlt.pipeline("customerio", destination="duckdb").run(customerio_source())`.

dlt takes a second to import, so it is imported on first use of the source, and not by the client or the
catalogue.
"""

from typing import TYPE_CHECKING, Any

from sources.customerio.catalogue import OPERATIONS, RESOURCES
from sources.customerio.selection import resources_named

if TYPE_CHECKING:
    from sources.customerio.source import customerio_source, source_with

__all__ = ["OPERATIONS", "RESOURCES", "customerio_source", "resources_named", "source_with"]


def __getattr__(name: str) -> Any:
    """Import the source's functions on first use."""
    if name not in ("customerio_source", "source_with"):
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from sources.customerio import source

    return getattr(source, name)
