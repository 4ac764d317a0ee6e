"""The resources that a caller names by their tables."""

from collections.abc import Iterable

from sources.customerio.catalogue import RESOURCES, Resource
from sources.customerio.client import ConfigError
from sources.suggestions import did_you_mean_or_all


def resources_named(names: Iterable[str]) -> tuple[Resource, ...]:
    """The resources that fill the tables of those names, in the catalogue's order.

    For no name, all but the optional ones, which cost a request a row or a quota.

    Raises:
        ConfigError: A name is no table's; the message suggests similar ones.
    """
    chosen = set(names)
    tables = [row.table for row in RESOURCES]
    for name in sorted(chosen.difference(tables)):
        msg = f"There is no resource called {name!r}.{did_you_mean_or_all(name, tables)}"
        raise ConfigError(msg)
    return tuple(row for row in RESOURCES if (row.table in chosen if chosen else not row.optional))
