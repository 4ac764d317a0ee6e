"""The rows that a table holds in a scope, by the hash of their key: 25 bytes a row, however long the key is.

Among five million keys, two have one hash once in a million runs. The one that is read then counts as the
other: it is written again, or its deletion is noticed by a later reading.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sources.customerio.extract.key_hashes import Hashes, KeyHashes, hashes_of

# No time: rows of earlier versions may lack it.
_NEVER = -1
_NO_ROW = (*(np.zeros(0, dtype=np.int64),) * 2, np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Held:
    """A row of the destination: its fingerprint (None once it is a tombstone) and when it was first seen."""

    row_hash: int | None
    first_seen_at: int | None


class HeldIndex:
    """Fingerprints and times of rows by key.

    `parts` are keys, fingerprints (None is a tombstone) and times of first sight (Unix s) of some rows each.
    """

    def __init__(
        self, parts: Iterable[tuple[Sequence[Any], Sequence[int | None], Sequence[int | None]]]
    ) -> None:
        made = [
            (hashes_of(keys), _filled(prints, 0), _are_set(prints), _filled(times, _NEVER))
            for keys, prints, times in parts
        ]
        keys, prints, alive, times = zip(_NO_ROW, *made, strict=True)
        order = np.argsort(np.concatenate(keys), kind="stable")
        self._keys = np.concatenate(keys)[order]
        self._prints = np.concatenate(prints)[order]
        self._alive = np.concatenate(alive)[order]
        self._times = np.concatenate(times)[order]

    def of(self, keys: Collection[Any]) -> dict[Any, Held]:
        """The held rows among those of `keys`."""
        if not len(self._keys) or not keys:
            return {}
        wanted = hashes_of(list(keys))
        places = np.searchsorted(self._keys, wanted)
        places[places == len(self._keys)] = 0
        is_held = self._keys[places] == wanted
        return {
            key: self._held(place)
            for key, place, found in zip(keys, places.tolist(), is_held.tolist(), strict=True)
            if found
        }

    def unread(self, read: KeyHashes, until: int) -> Hashes:
        """The hashes of keys that are alive, were first seen by `until` (Unix s) and are not in `read`."""
        return self._keys[self._alive & (self._times <= until) & ~read.has(self._keys)]

    def _held(self, place: int) -> Held:
        time = int(self._times[place])
        return Held(
            row_hash=int(self._prints[place]) if self._alive[place] else None,
            first_seen_at=None if time == _NEVER else time,
        )


def _are_set(values: Sequence[int | None]) -> npt.NDArray[np.bool_]:
    return np.fromiter((value is not None for value in values), dtype=np.bool_, count=len(values))


def _filled(values: Sequence[int | None], missing: int) -> Hashes:
    return np.fromiter(
        (missing if value is None else value for value in values), dtype=np.int64, count=len(values)
    )
