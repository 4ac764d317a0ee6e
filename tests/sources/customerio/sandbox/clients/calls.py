"""The operations that each client of others calls, as `calls.json` has them; FIDELITY.md shows them."""

import re

from sources.customerio import fidelity
from sources.customerio.catalogue import OPERATIONS, Operation


def recorded(client: str) -> set[str]:
    """The operations of a client, by its name and version."""
    return set(fidelity.calls()[client])


def operation(method: str, path: str) -> str:
    """The operation of a request; of several that match, the one with the longest literal path."""
    fits = [row for row in OPERATIONS if row.method == method and _pattern(row).fullmatch(path)]
    return max(fits, key=lambda row: len(re.sub(r"\{.*?\}", "", row.path))).id


def _pattern(row: Operation) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{.*?\}", "[^/]+", row.path))
