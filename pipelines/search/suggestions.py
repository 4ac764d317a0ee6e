"""Suggestions of similar names for an unknown one."""

from collections.abc import Iterable

from sources.customerio.client.api import did_you_mean


def near(name: str, names: Iterable[str]) -> str:
    """A sentence, after a space, with the names that are similar to `name`, or with all names if none is."""
    known = list(names)
    return did_you_mean(name, known) or f" There are {', '.join(known)}."
