"""The brake on deletions: a reading that misses a large share of a table's rows deletes none of them.

An answer may be valid and still be wrong: an empty list, a list of another workspace, a filter that a server
ignored. So many deletions at once are held back until a second reading misses exactly the same rows, or the
user accepts them. A row that its reader doubts to be gone is held back until the user accepts that.
"""

from collections.abc import Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from typing import Any

from xxhash import xxh3_64_intdigest

from sources.errors import DeletionsHeld

SHARE = 0.3
"""The share of a table's live rows that one reading may mark as deleted."""
FEWEST = 10
"""Fewer deletions than that are never held back."""
_STATE = "held_deletions"


@dataclass(frozen=True, kw_only=True)
class DeletionBrake:
    """The brake of one table.

    Attributes:
        share: The largest share of live rows that a reading may delete, 0 to 1; 1 holds nothing back.
        accepted: The user accepts all deletions of this run.
        state: Kept from run to run; it remembers the rows that were held back.
    """

    share: float = SHARE
    accepted: bool = False
    state: MutableMapping[str, Any] = field(default_factory=dict)

    def check(self, table: str, missing: Collection[object], alive: int) -> DeletionsHeld | None:
        """The error that holds the deletion of `missing` keys back, of `alive` rows; None lets it through."""
        before, found = self.state.pop(_STATE, None), _fingerprint(missing)
        too_many = len(missing) >= FEWEST and len(missing) > self.share * alive
        if not too_many or self.accepted or found == before:
            return None
        self.state[_STATE] = found
        msg = (
            f"{len(missing):,} of {alive:,} rows of {table} were not found any more. More than "
            f"{self.share:.0%} at once are held back: what was read is loaded, and no row was marked as "
            f"deleted. If they are gone, run `cio-elt sync --accept-deletions {table}`; a second sync that "
            "misses exactly the same rows marks them too."
        )
        return DeletionsHeld(msg)

    def doubted(self, table: str, doubts: Mapping[str, int]) -> DeletionsHeld | None:
        """The error for rows that are held back, counted by the reason; None if there are none."""
        if not doubts:
            return None
        counted = " and ".join(f"{count:,} {reason}" for reason, count in doubts.items())
        msg = (
            f"Rows of {table} were not found any more, but may be there still: {counted}. What was read is "
            f"loaded, and none of them was marked as deleted. If they are gone, run `cio-elt sync "
            f"--accept-deletions {table}`."
        )
        return DeletionsHeld(msg)


def _fingerprint(keys: Iterable[object]) -> str:
    """The same text for the same keys in any order."""
    hashes = [xxh3_64_intdigest(repr(key).encode()) for key in keys]
    return f"{len(hashes)}:{reduce(xor, hashes, 0):016x}"
