"""The parents of a table that a run reads: those that something told of, and those whose sweep is due.

    rows of other tables that changed ──> told_paths ──> ToldParents ──┐
    the parent's own row, as listed ───────────────────────────────────┼──> Due ──> read to the end ──> finish
    the time up to which the table was swept ──────────────────────────┘

A table's row in `RESOURCES` has the rule (`changes_with`). What a run was told stays in the state of the
source until the parent is read, so a run that stops, or that does not read the table, loses nothing. After a
reading that does not come to its end, all parents of the table are due.
"""

from collections.abc import Collection, Iterable, Mapping
from threading import Lock
from typing import Any

import orjson
from xxhash import xxh3_64_intdigest

from sources.customerio.catalogue import Resource
from sources.customerio.client import FARTHEST_S
from sources.customerio.extract.rows import Row

Path = tuple[int, ...]
"""The ids in a call's path, the outermost first."""

_TOLD, _PARENTS, _SWEPT = "told", "parents", "swept_at"


class ToldParents:
    """The parents to read because changed rows of other tables name them, by table."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._state: dict[str, list[list[int]]] = {}
        self._told: dict[str, set[Path]] = {}

    def open(self, state: dict[str, Any]) -> None:
        """Take up the state of the source, which dlt keeps from run to run."""
        with self._lock:
            if not self._told:
                self._state = state.setdefault(_TOLD, {})
                self._told = {table: set(map(tuple, paths)) for table, paths in self._state.items()}

    def note(self, table: str, paths: set[Path]) -> None:
        """Note that rows told of these parents of that table."""
        with self._lock:
            known = self._told.setdefault(table, set())
            if not paths <= known:
                known |= paths
                self._state[table] = sorted(map(list, known))

    def of(self, table: str) -> Collection[Path]:
        """The parents of that table of which rows told."""
        with self._lock:
            return sorted(self._told.get(table, ()))

    def read(self, table: str, paths: Iterable[Path]) -> None:
        """Note that these were read."""
        with self._lock:
            known = self._told.get(table, set())
            known.difference_update(paths)
            self._state[table] = sorted(map(list, known))


class Due:
    """The outermost parents of one table: those to be read whole, and parts of others of which rows told.

    `parents` are all that are listed, by key. `whole` are the keys of those whose rows are all read: each one
    where the run is not `due_only`. `left_out` are the keys of the others, and `parts` the paths below these
    of which rows told. `known` are the keys that were read before, where the destination says so; by default
    the state does, which has a line for each parent.
    """

    def __init__(
        self,
        resource: Resource,
        state: dict[str, Any],
        parents: Mapping[Any, Row],
        *,
        now: int,
        due_only: bool,
        told: ToldParents,
        known: Collection[Any] | None = None,
    ) -> None:
        self._table, self._rule, self._told = resource.table, resource.changes_with, told
        self._state, self._now, self._parents = state, now, parents
        self._known = known
        self._fingerprints: dict[str, int] = state.setdefault(_PARENTS, {}) if known is None else {}
        for name in self._fingerprints.keys() - {str(key) for key in parents}:
            del self._fingerprints[name]
        # Without it all parents are due: so it is, unless this reading comes to its end.
        self._swept_at = state.pop(_SWEPT, None)
        self._paths = told.of(self._table)
        # A path of one id is the outermost parent itself.
        tops = {path[0] for path in self._paths if len(path) == 1}
        self.whole = [key for key in parents if not due_only or key in tops or self._is_due(key)]
        self.left_out = parents.keys() - self.whole
        self.parts = [path for path in self._paths if path[0] in self.left_out]

    def _is_due(self, key: Any) -> bool:
        rule = self._rule
        if rule is None or self._swept_at is None or not self._is_known(key):
            return True
        if self._fingerprints.get(str(key), 0) != self._fingerprint(key):
            return True
        return is_swept(f"{self._table}/{key}", rule.sweep_s, self._swept_at, self._now)

    def _is_known(self, key: Any) -> bool:
        return str(key) in self._fingerprints if self._known is None else key in self._known

    def _fingerprint(self, key: Any) -> int:
        """The fingerprint of a parent's own row; 0 where that row tells nothing."""
        if self._rule is None or not self._rule.parent_row:
            return 0
        text = orjson.dumps(self._parents[key], option=orjson.OPT_SORT_KEYS, default=repr)
        return xxh3_64_intdigest(text) - 2**63

    def finish(self) -> None:
        """Note that all that was due was read, and handed over: the next sweep goes on from here."""
        if self._known is None:
            self._fingerprints.update({str(key): self._fingerprint(key) for key in self.whole})
        self._told.read(self._table, self._paths)
        self._state[_SWEPT] = self._now


def read_all_next(state: dict[str, Any]) -> None:
    """Make every parent of a table due, for the next sync."""
    state.pop(_SWEPT, None)


def is_swept(name: str, every_s: int, since: int, now: int) -> bool:
    """Checks if a sweep meets `name` after the one time and up to the other (Unix s).

    A sweep takes `every_s` seconds, and meets each name at a second of its own: so parents that were read
    together are not all due together. A time far in the future, as of a wrong clock, means each name.
    """
    phase = xxh3_64_intdigest(name.encode()) % every_s
    return since > now + FARTHEST_S or (now - phase) // every_s > (since - phase) // every_s
