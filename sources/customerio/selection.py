"""The selection of tables by name."""

import difflib
from collections.abc import Iterable

from sources.customerio.catalogue import RESOURCES, Resource
from sources.customerio.client import ConfigError


def resources_named(names: Iterable[str]) -> tuple[Resource, ...]:
    """The resources that fill the tables of those names, in the catalogue's order.

    For no name, all but the optional ones, which cost a request a row or a quota.

    Raises:
        ConfigError: a name is no table's; the message offers the nearest ones.
    """
    chosen = set(names)
    tables = [row.table for row in RESOURCES]
    for name in sorted(chosen.difference(tables)):
        near = difflib.get_close_matches(name, tables, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(tables)}."
        msg = f"There is no resource called {name!r}. {hint}"
        raise ConfigError(msg)
    return tuple(row for row in RESOURCES if (row.table in chosen if chosen else not row.optional))
