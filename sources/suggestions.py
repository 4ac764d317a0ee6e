"""Suggests similar names for an unknown one; the end of a message that refuses a name."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Returns ` Did you mean A or B?` with up to three similar names, or ""; case is ignored."""
    by_lower = {known.lower(): known for known in names}
    similar = [by_lower[match] for match in get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6)]
    return f" Did you mean {' or '.join(similar)}?" if similar else ""


def did_you_mean_or_all(name: str, names: Iterable[str]) -> str:
    """Returns `did_you_mean`, or ` There are A, B, C.` with all names if none is similar."""
    known = list(names)
    return did_you_mean(name, known) or f" There are {', '.join(known)}."
