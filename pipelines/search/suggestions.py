"""Names that are near to one that nobody has."""

from collections.abc import Iterable
from difflib import get_close_matches


def near(name: str, names: Iterable[str]) -> str:
    """A sentence, with a space before it, that offers the names nearest to `name`, or all there are."""
    known = list(names)
    by_lower = {each.lower(): each for each in known}
    found = [by_lower[each] for each in get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6)]
    return f" Did you mean {' or '.join(found)}?" if found else f" There are {', '.join(known)}."
