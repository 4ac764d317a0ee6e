"""Audits pushes to a workspace of 100,000 people in which 500 rows were edited by hand, in 8 ways.

The baseline is one export of all people, from order to table, which also gives the warehouse its people: the
audit of people may take no more requests. The model of people is made of the values that the warehouse has.
All pushes are run; then rows of each are edited: values changed and removed, people deleted and suppressed,
members removed, devices moved and removed, relationships removed, objects changed and deleted. Each audit has
to find exactly its edits.

The sandbox is in this process, and its clock advances while the product waits for an export's file.

`CIO_ELT_BENCH_PEOPLE` changes the people.
"""

import os
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from pipelines.connect import client
from pipelines.export import PeopleRequest, export
from pipelines.push import AuditOptions, PushOptions, PushSpec, audit_push, push
from pipelines.settings import Settings, read_settings
from sources.customerio.sandbox import Sandbox, Scale
from tests.bench.measure import Figure, Wrong, repeated

PEOPLE = int(os.environ.get("CIO_ELT_BENCH_PEOPLE", "115000"))
"""People of the world, of whom 100,000 are there at its start and have an id, by which they are pushed."""
SEED = 1
_TAKES_S = 600
_EDITS = {
    "changed": 75, "removed": 75, "deleted": 75, "suppressed": 75,
    "members": 50, "devices": 50, "relationships": 50, "objects": 50,
}  # fmt: skip
_MEMBERS, _DEVICES, _OBJECTS = 5_000, 500, 100
_LOOSE = {"max_creates_percent": None, "max_deletes_percent": 100}
_PEOPLE_MODEL = """
SELECT id AS user_id, attributes->>'email' AS email, attributes->>'plan' AS plan,
       TRY_CAST(attributes->>'created_at' AS BIGINT) AS created_at,
       TRY_CAST(attributes->>'ltv' AS DECIMAL(12, 3)) AS ltv,
       TRY_CAST(attributes->>'unsubscribed' AS BOOLEAN) AS unsubscribed
FROM customerio_raw.people WHERE id <> '' AND deleted_at IS NULL
"""


_FIELDS = {"email": "text", "plan": "text", "created_at": "unix", "ltv": "number", "unsubscribed": "boolean"}


def run(times: int) -> list[Figure]:
    """All audits, in a new workspace each time."""
    return repeated(times, _measured)


def _measured() -> list[Figure]:
    sandbox = Sandbox(scale=_scale())
    sandbox.knobs.export_takes_s = _TAKES_S
    with sandbox.serve() as served, tempfile.TemporaryDirectory() as folder:
        settings = read_settings(
            customerio_app_url=served.app_url,
            customerio_track_url=served.track_url,
            customerio_app_api_key=sandbox.app_api_key,
            customerio_track_site_id=sandbox.track_site_id,
            customerio_track_api_key=sandbox.track_api_key,
            cio_elt_data=Path(folder) / "data",
            cio_elt_limits=Path(folder) / "limits",
            cio_elt_speed="inf",
        )
        bench = _Bench(sandbox, settings, Path(folder))
        baseline = bench.one_export()
        bench.prepare()
        expected = bench.edit()
        if (edits := sum(map(len, expected.values()))) != sum(_EDITS.values()):
            msg = f"{edits} rows were edited, not {sum(_EDITS.values())}"
            raise Wrong(msg)
        users, *others = bench.specs.values()
        audits = [bench.audited(users, expected[users.sync], most=baseline[0].median)]
        audits += [bench.audited(spec, expected[spec.sync]) for spec in others]
        return [*baseline, *(figure for figures in audits for figure in figures)]


def _scale() -> Scale:
    return Scale(
        name="many",
        people=PEOPLE,
        campaigns=1,
        newsletter_every_days=400,
        broadcasts=0,
        segments=8,
        deliveries=100,
        events=0,
        burst=1,
    )


@dataclass
class _Bench:
    """The workspace, its pushes, and the edits by hand."""

    sandbox: Sandbox
    settings: Settings
    folder: Path
    rng: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 -- no secret

    def one_export(self) -> list[Figure]:
        """The baseline: all people, from order to table."""
        before, began = self.sandbox.stats.total, time.perf_counter()
        due = self.sandbox.clock.now() + _TAKES_S
        result = export(self.settings, PeopleRequest(), pause=lambda seconds: self._pause(seconds, due))
        requests, seconds = self.sandbox.stats.total - before, time.perf_counter() - began
        return _figures(f"an export of {result.rows:,} people (baseline)", requests, seconds)

    def _pause(self, seconds: float, due: int) -> None:
        """Advance the sandbox's clock; once the file is due, wait until the sandbox has written it."""
        self.sandbox.clock.advance(seconds)
        while self.sandbox.clock.now() >= due and any(
            row["status"] == "pending" for row in self.sandbox.rows("exports")
        ):
            time.sleep(0.1)

    @cached_property
    def ids(self) -> list[str]:
        """The ids of people in a random order: the first are edited, the others have all else."""
        with duckdb.connect(self.settings.published_file, read_only=True) as connection:
            found = connection.execute(
                "SELECT id FROM customerio_raw.people WHERE id <> '' "
                "AND attributes->>'plan' <> '' ORDER BY id"
            ).fetchall()
        ids = [user for (user,) in found]
        self.rng.shuffle(ids)
        return ids

    @cached_property
    def others(self) -> list[str]:
        """People who are neither edited, deleted nor suppressed."""
        return self.ids[1_000:]

    @cached_property
    def segment(self) -> int:
        """A manual segment."""
        return next(int(row["id"]) for row in self.sandbox.rows("segments") if row["type"] == "manual")

    @cached_property
    def specs(self) -> dict[str, PushSpec]:
        """The pushes by name."""
        people = {
            "object": "person", "mode": "upsert", "person": {"id": "user_id"},
            "model": {"sql": _PEOPLE_MODEL},
            "fields": _FIELDS,
        }  # fmt: skip
        related = {"object_type_id": "1", "object_id": "company"}
        who = {"person": {"id": "who"}}
        documents: Mapping[str, Mapping[str, Any]] = {
            "users": people,
            "vips": {
                "object": "segment", "mode": "append", **who, "segment": self.segment, "first_run": "all",
                "model": _values("who", self.others[:_MEMBERS]),
            },
            "phones": {
                "object": "device", "mode": "upsert", **who, "device": {"token": "t", "platform": "p"},
                "model": _values("who", self.others[:_DEVICES], "'T' || who AS t, 'ios' AS p"),
            },
            "companies": {
                "object": "object", "mode": "upsert", **related, "fields": {"seats": "integer"},
                "model": {"sql": f"SELECT 'c' || i AS company, i AS seats FROM range({_OBJECTS}) AS t(i)"},
            },
            "employees": {
                "object": "relationship", "mode": "upsert", **related, **who,
                "model": _values(
                    "who", self.others[:_DEVICES], f"'c' || (hash(who) % {_OBJECTS // 2}) AS company"
                ),
            },
        }  # fmt: skip
        return {
            name: PushSpec.model_validate({"sync": name, "brakes": _LOOSE, "confirm": {"sample": 0}, **keys})
            for name, keys in documents.items()
        }

    def prepare(self) -> None:
        """Bring the workspace into the state that the pushes want."""
        for spec in self.specs.values():
            push(self.settings, spec, folder=self.folder, options=PushOptions(publish=False))

    def edit(self) -> dict[str, set[str]]:
        """Edit rows by hand; returns the keys of each push."""
        people = [
            self.ids[place * 100 : place * 100 + _EDITS[kind]] for place, kind in enumerate(_PERSON_EDITS)
        ]
        for edit, chosen in zip(_PERSON_EDITS.values(), people, strict=True):
            for who in chosen:
                edit(self.sandbox, who)
        members = self._chosen(self.others[:_MEMBERS], "members")
        for who in members:
            self.sandbox.leave_segment(self.segment, who)
        owners = self._chosen(self.others[:_DEVICES], "devices")
        employees = self._chosen(self.others[:_DEVICES], "relationships")
        companies = self._chosen([f"c{number}" for number in range(_OBJECTS // 2, _OBJECTS)], "objects")
        operations = [_without_device(who) for who in owners]
        operations += [_with_device(self.others[-1], who) for who in owners[::2]]
        operations += [_object(company, place) for place, company in enumerate(companies)]
        company_of = self._companies()
        operations += [_unrelated(who, company_of[who]) for who in employees]
        with client(self.settings) as calls:
            calls.call("batch", body={"batch": operations})
        return {
            "users": {who for chosen in people for who in chosen},
            "vips": set(members),
            "phones": {f'["{who}","T{who}"]' for who in owners},
            "companies": set(companies),
            "employees": {f'["{company_of[who]}","{who}"]' for who in employees},
        }

    def _chosen(self, rows: Sequence[str], kind: str) -> list[str]:
        return self.rng.sample(list(rows), _EDITS[kind])

    def _companies(self) -> dict[str, str]:
        sql = f"SELECT who, company FROM ({self.specs['employees'].model.sql})"
        with duckdb.connect() as connection:
            return dict(connection.execute(sql).fetchall())

    def audited(self, spec: PushSpec, expected: set[str], most: float | None = None) -> list[Figure]:
        """The figures of an audit, which finds those keys and no others; it may take `most` requests."""
        before, began = self.sandbox.stats.total, time.perf_counter()
        due = self.sandbox.clock.now() + _TAKES_S
        options = AuditOptions(pause=lambda seconds: self._pause(seconds, due))
        result = audit_push(self.settings, spec, folder=self.folder, options=options)
        seconds, requests = time.perf_counter() - began, self.sandbox.stats.total - before
        with duckdb.connect(self.settings.published_file, read_only=True) as connection:
            found = connection.execute(
                "SELECT DISTINCT key FROM customerio_push.drift WHERE sync = ?", [spec.sync]
            ).fetchall()
        keys = {key for (key,) in found}
        if keys != expected or result.findings.pending:
            msg = (
                f"{spec.sync}: {len(expected - keys)} edits were not found, and {len(keys - expected)} rows "
                f"were found that were not edited; {result.findings.counts}"
            )
            raise Wrong(msg)
        name = f"audit of {result.findings.rows:,} {spec.kind.plural}, {result.findings.source.split(',')[0]}"
        return _figures(name, requests, seconds, most)


def _figures(name: str, requests: int, seconds: float, most: float | None = None) -> list[Figure]:
    return [
        Figure.of(name, requests, "requests", most=most),
        Figure.of(f"{name}: time", seconds, "s"),
    ]


_PERSON_EDITS: Mapping[str, Any] = {
    "changed": lambda sandbox, who: sandbox.edit("people", who, plan="by hand"),
    "removed": lambda sandbox, who: sandbox.edit("people", who, plan=""),
    "deleted": lambda sandbox, who: sandbox.delete("people", who),
    "suppressed": lambda sandbox, who: sandbox.suppress(who),
}


def _values(column: str, values: Sequence[str], more: str = "") -> dict[str, str]:
    listed = ", ".join(f"('{value}')" for value in values)
    columns = f"{column}, {more}" if more else column
    return {"sql": f"SELECT {columns} FROM (VALUES {listed}) AS t({column})"}


def _without_device(who: str) -> dict[str, Any]:
    device = {"token": f"T{who}"}
    return {"type": "person", "action": "delete_device", "identifiers": {"id": who}, "device": device}


def _with_device(who: str, former: str) -> dict[str, Any]:
    device = {"token": f"T{former}", "platform": "ios", "attributes": {}}
    return {"type": "person", "action": "add_device", "identifiers": {"id": who}, "device": device}


def _object(company: str, place: int) -> dict[str, Any]:
    identifiers = {"object_type_id": "1", "object_id": company}
    if place % 2:
        return {"type": "object", "action": "delete", "identifiers": identifiers}
    changed = {"seats": -1}
    return {"type": "object", "action": "identify", "identifiers": identifiers, "attributes": changed}


def _unrelated(who: str, company: str) -> dict[str, Any]:
    related = [{"identifiers": {"object_type_id": "1", "object_id": company}}]
    return {
        "type": "person", "action": "delete_relationships", "identifiers": {"id": who},
        "cio_relationships": related,
    }  # fmt: skip
