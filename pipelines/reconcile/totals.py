"""Compares numbers without a day: the workspace's people, segments' members, exports' rows.

Customer.io does not say when a person joined a segment. So a difference is a mismatch only right after the
list was read; later, the time since then explains it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Any

from pipelines.reconcile.cells import Cell, Verdict
from pipelines.reconcile.read_times import last_read
from pipelines.settings import Settings
from pipelines.times import HOUR, MINUTE, span
from pipelines.warehouse.erasures import erasures
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from sources.customerio.client import Client, NotFound

FRESH_S = 10 * MINUTE
"""Seconds after a read during which a difference is a mismatch."""

# How old the workspace's count may be [spec25].
_STALE_S = 2 * HOUR


def totals(
    settings: Settings, client: Client, query: Query, present: set[str], segments: Sequence[int]
) -> Iterator[Cell]:
    """The cells of people, of the given segments, and of exports.

    Raises:
        CustomerioError: a request failed.
    """
    read_at, erased = last_read(query, present), len(erasures(settings))
    if "people" in present:
        yield _of_erased(_people(settings, client, query, present, read_at.get("people")), erased)
    if "segment_memberships" in present and segments:
        for cell in _segments(client, query, segments, read_at.get("segment_memberships")):
            yield _of_erased(cell, erased)
    if "exports" in present:
        yield from _exports(client, query, present, erased)


def _of_erased(cell: Cell, most: float) -> Cell:
    """The cell; a number that is smaller here by that many at most is explained by erasures."""
    if cell.verdict != "mismatch" or not most or not 0 < (cell.theirs or 0) - cell.ours <= most:
        return cell
    reason = "People who were erased here are left out, and Customer.io may have them still."
    return replace(cell, verdict="explained", reason=reason)


def alive_segments(query: Query, present: set[str]) -> list[int]:
    """The ids of the segments that are not deleted."""
    if "segments" not in present:
        return []
    return [
        int(i) for (i,) in query(f"SELECT id FROM {DATASET}.segments WHERE deleted_at IS NULL ORDER BY 1")
    ]


def _people(settings: Settings, client: Client, query: Query, present: set[str], read_at: int | None) -> Cell:
    ((ours,),) = query(f"SELECT count(*) FROM {DATASET}.people WHERE deleted_at IS NULL")
    workspace, sure = _workspace(settings, client, ours)
    theirs = int(workspace["people"])
    verdict, reason = _judged(ours, theirs, read_at, client.now(), "cio-elt sync people")
    came, gone = _moved(query, present, client.now() - _STALE_S)
    if verdict == "mismatch" and ours - came <= theirs <= ours + gone:
        verdict = "explained"
        reason = f"Their count may be two hours old; since then {came:,} people came and {gone:,} went."
    if verdict == "mismatch" and not sure:
        reason = (
            f"{reason} The account has several workspaces, and this one has the nearest count; with the "
            "Track keys set, the right one is known."
        )
    return Cell(
        subject="people",
        parent_id=int(workspace["id"]),
        name=workspace["name"],
        cohort_day=None,
        metric="people",
        ours=ours,
        theirs=theirs,
        verdict=verdict,
        reason=reason,
    )


def _workspace(settings: Settings, client: Client, ours: int) -> tuple[dict[str, Any], bool]:
    """The key's workspace, and True if it is certain: an App API key lists all of the account's."""
    found = client.call("listWorkspaces").records("workspaces")
    if len(found) > 1 and settings.customerio_track_site_id and settings.customerio_track_api_key:
        own = client.call("getRegion").field("environment_id")
        if named := [workspace for workspace in found if workspace["id"] == own]:
            return named[0], True
    return min(found, key=lambda workspace: abs(workspace["people"] - ours)), len(found) == 1


def _moved(query: Query, present: set[str], since: int) -> tuple[int, int]:
    """The numbers of people that were added and deleted since then, as far as the warehouse has them."""
    ((left,),) = query(f"SELECT count(*) FROM {DATASET}.people WHERE deleted_at >= {since}")
    if "activities" not in present:
        return 0, left
    rows = query(f'SELECT type, count(*) FROM {DATASET}.activities WHERE "timestamp" >= {since} GROUP BY 1')
    activities: dict[str, int] = dict(rows)
    return activities.get("profile_create", 0), max(left, activities.get("profile_delete", 0))


def _segments(client: Client, query: Query, ids: Sequence[int], read_at: int | None) -> Iterator[Cell]:
    listed = {row["id"]: row for row in client.call("listSegments").records("segments")}
    members = query(
        f"SELECT segment_id, count(*) FROM {DATASET}.segment_memberships WHERE deleted_at IS NULL GROUP BY 1"
    )
    ours = {int(segment): int(number) for segment, number in members}
    for segment in ids:
        if segment not in listed:
            continue
        try:
            theirs = int(client.call("getSegmentCount", path={"segment_id": segment}).field("count"))
        except NotFound:
            continue
        here = ours.get(segment, 0)
        verdict, reason = _judged(
            here, theirs, read_at, client.now(), "cio-elt sync segments segment_memberships"
        )
        if verdict == "mismatch" and listed[segment].get("state") != "finished":
            verdict, reason = (
                "explained",
                "Customer.io is rebuilding the segment; its members follow.",
            )
        yield Cell(
            subject="segment",
            parent_id=segment,
            name=listed[segment]["name"],
            cohort_day=None,
            metric="members",
            ours=here,
            theirs=theirs,
            verdict=verdict,
            reason=reason,
        )


def _exports(client: Client, query: Query, present: set[str], erased: int) -> Iterator[Cell]:
    """The cells of loaded exports; the file of an export never changes."""
    loaded: dict[int, int] = {}
    for table in sorted({"exported_people", "exported_deliveries"} & present):
        loaded |= dict(query(f"SELECT export_id, count(*) FROM {DATASET}.{table} GROUP BY 1"))
    for export in client.call("listExports").records("exports"):
        if export["id"] not in loaded:
            continue
        ours, theirs = loaded[export["id"]], int(export["total"])
        reason = f"Run `cio-elt sync --full exports exported_{export['type']}` to load its file again."
        cell = Cell(
            subject="export",
            parent_id=export["id"],
            name=export["description"] or None,
            cohort_day=None,
            metric="rows",
            ours=ours,
            theirs=theirs,
            verdict="match" if ours == theirs else "mismatch",
            reason=None if ours == theirs else reason,
        )
        # A person has one row in an export of people, and any number in one of deliveries.
        yield _of_erased(cell, inf if erased and export["type"] == "deliveries" else erased)


def _judged(ours: int, theirs: int, read_at: int | None, now: int, remedy: str) -> tuple[Verdict, str | None]:
    """The verdict on two counts, of which ours was read at `read_at`, and its reason."""
    if ours == theirs:
        return "match", None
    if read_at is None:
        return "explained", f"The table was never read completely. Run `{remedy}`."
    if now - read_at > FRESH_S:
        return "explained", f"The table was read {span(now - read_at)} ago. Run `{remedy}` and check again."
    return "mismatch", f"The table was read a moment ago. Run `{remedy}` and check again."
