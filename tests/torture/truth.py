"""The truth over time: the workspace's rows, noted before, during and after each step."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sources.customerio.catalogue import Resource
from tests.conftest import Warehouse

Key = tuple[Any, ...]
Rows = dict[Key, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The rows of all tables at one moment (Unix s of the workspace's clock)."""

    at: int
    rows: dict[str, Rows]


@dataclass
class Truth:
    """The snapshots of a schedule, and since when the current step's begin.

    `ever` are the keys that were ever there, `gone` those of them that were once missing after that.
    """

    warehouse: Warehouse
    tables: Sequence[Resource]
    snapshots: list[Snapshot] = field(default_factory=list)
    begins: list[Snapshot] = field(default_factory=list)
    ever: dict[str, set[Key]] = field(default_factory=dict)
    gone: dict[str, set[Key]] = field(default_factory=dict)

    def begin(self) -> None:
        """Note the rows at the beginning of a step."""
        self.snapshots = []
        self.begins.append(self.note())

    def note(self) -> Snapshot:
        """Note the rows as of now."""
        rows = {row.table: self.warehouse.truth(row) for row in self.tables}
        for table, found in rows.items():
            ever = self.ever.setdefault(table, set())
            self.gone.setdefault(table, set()).update(ever.difference(found))
            ever.update(found)
        self.snapshots.append(Snapshot(at=self.warehouse.sandbox.clock.now(), rows=rows))
        return self.snapshots[-1]

    def throughout(self, table: str) -> Rows:
        """The rows that were there, with the same values, in all of the step."""
        first, *others = [snapshot.rows[table] for snapshot in self.snapshots]
        return {key: row for key, row in first.items() if all(other.get(key) == row for other in others)}

    def keys_throughout(self, table: str) -> set[Key]:
        """The keys that were there in all of the step, whatever their values."""
        return set.intersection(*(set(snapshot.rows[table]) for snapshot in self.snapshots))

    def keys_within(self, table: str) -> set[Key]:
        """The keys that were there at any time of the step."""
        return set().union(*(snapshot.rows[table] for snapshot in self.snapshots))

    def at_begin_of(self, read_at: int) -> Snapshot:
        """The rows at the beginning of the step during which something was read at `read_at`."""
        earlier = [snapshot for snapshot in self.begins if snapshot.at <= read_at]
        return earlier[-1] if earlier else self.begins[0]

    def personal(self) -> Collection[str]:
        """Texts that no message may have: addresses of people, and the keys."""
        sandbox = self.warehouse.sandbox
        emails = {str(row["identifiers"]["email"]) for row in sandbox.rows("people")} - {"", "None"}
        return {*emails, sandbox.app_api_key, sandbox.track_api_key, "ignature="}
