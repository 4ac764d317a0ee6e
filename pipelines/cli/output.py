"""Prints results of syncs, backfills, checks and the sandbox: tables and documents."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipelines.cli import plan_output
from pipelines.cli.tables import OUT, grid, print_fitting, say, warn
from pipelines.times import utc
from sources.customerio.extract import ResourceSummary, Window

if TYPE_CHECKING:
    from pipelines.export import ExportResult, HistoryPlan, HistoryProgress
    from pipelines.ingest.backfill import Backfill
    from pipelines.ingest.check import CheckResult
    from pipelines.ingest.forecast.forecast import Forecast
    from pipelines.ingest.sync import SyncResult
    from pipelines.sandbox import Served
    from pipelines.workspace import WorkspaceRecord

_COUNTS = ("requests", "read", "new", "changed", "deleted")


def sync(result: "SyncResult") -> None:
    """Print the summary of a sync, and each failure once."""
    names = ("resource", *_COUNTS, "seconds", "predicted")
    rows = []
    for tally in result.summary.resources.values():
        predicted = result.predicted.get(tally.resource)
        numbers = (f"{number:,}" for number in _numbers(tally))
        shown = "" if predicted is None else f"{predicted:,}"
        rows.append((tally.resource, *numbers, f"{tally.seconds:.1f}", shown))
    print_fitting(names, rows, numeric=names[1:])
    say(f"{result.written:,} rows written in {result.seconds:.1f} s, with {_requests(result)}.")
    if result.new_columns:
        say(f"New columns: {', '.join(result.new_columns)}.")
    warnings(result)


def _requests(result: "SyncResult") -> str:
    predicted = result.requests_predicted
    beside = "" if predicted is None else f" where {predicted:,} were predicted"
    return f"{result.requests:,} request(s){beside}"


def warnings(result: "SyncResult") -> None:
    """Print the notes of a sync, what was skipped, odd records, and each failure once, on stderr."""
    for tally in result.summary.resources.values():
        if tally.note:
            warn(f"{tally.resource}: {tally.note}")
    _named("Skipped", ((tally, tally.skipped) for tally in result.skipped))
    _odd(result)
    _failures(result)


def _odd(result: "SyncResult") -> None:
    counts = [
        f"{tally.resource} ({tally.rejected:,})"
        for tally in result.summary.resources.values()
        if tally.rejected
    ]
    for tally in result.summary.resources.values():
        _replaced(tally.resource, tally.replaced)
    if counts:
        warn(
            f"{result.rejected:,} record(s) could not be rows and were set aside: {', '.join(counts)}. "
            "See their reasons in customerio_raw.rejected_records."
        )
    _left_out(result.erased)


def _replaced(place: str, characters: int) -> None:
    if characters:
        warn(f"{place}: {characters:,} character(s) that are none came, and became U+FFFD.")


def _left_out(rows: int) -> None:
    if rows:
        warn(f"{rows:,} row(s) of erased people came and were left out; `cio-elt erase --lift` ends that.")


def _failures(result: "SyncResult") -> None:
    _named("Not complete", ((tally, tally.error) for tally in result.failed))


def _named(what: str, refused: "Iterable[tuple[ResourceSummary, Exception | None]]") -> None:
    """Warn of each error once, with the resources that it concerns."""
    by_message: dict[str, list[str]] = {}
    for tally, error in refused:
        by_message.setdefault(str(error), []).append(tally.resource)
    for message, resources in by_message.items():
        warn(f"{what}: {', '.join(resources)}. {message}")


def _numbers(tally: ResourceSummary) -> tuple[int, int, int, int, int]:
    return tally.requests, tally.read, tally.new, tally.changed, tally.deleted


def sync_document(result: "SyncResult") -> dict[str, Any]:
    """The run's summary as JSON."""
    return {
        "run_id": result.run_id,
        "seconds": round(result.seconds, 3),
        "written": result.written,
        "requests": result.requests,
        "requests_predicted": result.requests_predicted,
        "new_columns": list(result.new_columns),
        "resources": [
            {
                "resource": tally.resource,
                "requests": tally.requests,
                "requests_predicted": result.predicted.get(tally.resource),
                "read": tally.read,
                "new": tally.new,
                "changed": tally.changed,
                "deleted": tally.deleted,
                "rejected": tally.rejected,
                "replaced": tally.replaced,
                "erased": tally.erased,
                "seconds": round(tally.seconds, 3),
                "error": str(tally.error) if tally.error else None,
                "note": tally.note or None,
                "skipped": str(tally.skipped) if tally.skipped else None,
            }
            for tally in result.summary.resources.values()
        ],
    }


def exported(result: "ExportResult") -> None:
    """Print the numbers of a loaded export."""
    table = "people" if result.kind == "people" else "messages"
    say(
        f"Export {result.export_id}: {result.rows:,} rows. In {table}: {result.new:,} new, "
        f"{result.changed:,} changed, {result.deleted:,} deleted, in {result.seconds:.1f} s.",
    )
    _replaced(f"Export {result.export_id}", result.replaced)
    _left_out(result.erased)
    for note in filter(None, (result.note, result.held)):
        warn(note)


def history_planned(plan: "HistoryPlan") -> None:
    """Print, on stderr, the exports of a history and what is left out of it."""
    left_out = [
        f"{number:,} {words}"
        for number, words in (
            (plan.done, "were loaded within the last day"),
            (len(plan.empty), "are left out, because Customer.io counts no delivery for them"),
        )
        if number
    ]
    said = f"{len(plan.requests):,} export(s) to load, of one parent and at most a year each"
    warn("; ".join([said, *left_out]) + ".")


def history(progress: "HistoryProgress", results: "Sequence[ExportResult]") -> None:
    """Print the sums of a history; on stderr the notes of its exports, and those that failed."""
    new = sum(result.new for result in results)
    loaded = f"{len(results):,} of {progress.exports:,} export(s) loaded"
    say(f"{loaded}: {progress.rows:,} rows, {new:,} of them new.")
    for result in results:
        for note in filter(None, (result.note, result.held)):
            warn(f"Export {result.export_id}: {note}")
        _replaced(f"Export {result.export_id}", result.replaced)
    _left_out(sum(result.erased for result in results))
    for request, error in progress.failed:
        warn(f"Not loaded: {request.subject}. {error}")


def history_document(
    plan: "HistoryPlan", progress: "HistoryProgress", results: "Sequence[ExportResult]"
) -> dict[str, Any]:
    """A history as JSON."""
    return {
        "exports": [asdict(result) for result in results],
        "failed": [{"request": request.body, "error": str(error)} for request, error in progress.failed],
        "empty": [request.body for request in plan.empty],
        "loaded_before": plan.done,
        "requests_of_counts": plan.asked,
    }


def workspace(record: "WorkspaceRecord") -> None:
    """Print the workspace of the data folder."""
    from pipelines.workspace import described

    text = described(record)
    say(f"{text[0].upper()}{text[1:]}.")


def check(result: "CheckResult") -> None:
    """Print the workspace, the region, and for each resource if the key can read it."""
    say(_checked_workspace(result))
    where = f"Region {result.region}"
    say(f"{where}, as the Track API says too." if result.track_region else f"{where}. Key accepted.")
    table = grid(("resource", "reach", ""))
    for reach in result.reaches:
        table.add_row(reach.resource, reach.verdict, reach.reason)
    OUT.print(table)


def verdict(result: "CheckResult", first_sync: "Forecast | None") -> None:
    """Print the cost of the first sync, if there was none yet, and the verdict."""
    if first_sync is not None:
        plan_output.summary(first_sync)
    say(result.verdict)


def _checked_workspace(result: "CheckResult") -> str:
    """The workspace by its name; if it is not certain, the names of those that it may be."""
    from pipelines.workspace import named

    record, names, track = result.workspace, result.workspaces, result.track_workspace
    if record.id is not None:
        return f"Workspace {named(record.id, record.name or names.get(record.id))}."
    if track is not None:
        return (
            f"Workspace {named(track, names.get(track))}, of which the Track API's keys are. It is not "
            "proven yet that the App API key is of the same one."
        )
    listed = ", ".join(named(key, name) for key, name in names.items())
    which = f"it is one of {listed}" if listed else "the key may not list workspaces"
    return (
        f"The workspace is not certain: {which}. Set CUSTOMERIO_TRACK_SITE_ID and CUSTOMERIO_TRACK_API_KEY "
        "too, and `cio-elt check` names theirs."
    )


def planned(backfill: "Backfill") -> None:
    """Print, on stderr, the time range of a backfill and its number of chunks."""
    time = f"{utc(backfill.whole.start)} to {utc(backfill.whole.end)}"
    earlier = f", {backfill.done} were read before" if backfill.done else ""
    left = f"{len(backfill.chunks)} chunk(s) to read{earlier}" if backfill.chunks else "nothing is missing"
    warn(f"{backfill.resource}, {time}: {left}.")


@contextmanager
def filled(*, quiet: bool) -> Iterator[Callable[[Window, "SyncResult"], None]]:
    """Print the numbers of each chunk of a backfill that is given; those in a row without a row in one line.

    Chunks come newest first. With `quiet`, nothing is printed.
    """
    empty: list[tuple[Window, SyncResult]] = []

    def tell(window: Window, result: "SyncResult") -> None:
        (tally,) = result.summary.resources.values()
        if not tally.read and not result.failed and not tally.rejected:
            empty.append((window, result))
            return
        _empty(empty)
        empty.clear()
        _filled(window, result)

    try:
        yield (lambda *_: None) if quiet else tell
    finally:
        _empty(empty)


def _empty(chunks: "Sequence[tuple[Window, SyncResult]]") -> None:
    if not chunks:
        return
    first, last = chunks[-1][0].start, chunks[0][0].end
    requests = sum(result.requests for _, result in chunks)
    said = "1 chunk is" if len(chunks) == 1 else f"{len(chunks):,} chunks are"
    say(f"{utc(first)} to {utc(last)}: {said} empty, {requests:,} requests.")


def _filled(window: Window, result: "SyncResult") -> None:
    (tally,) = result.summary.resources.values()
    say(
        f"{utc(window.start)} to {utc(window.end)}: {_requests(result)}, {tally.read:,} rows read, "
        f"{tally.new:,} new, {tally.changed:,} changed, in {result.seconds:.1f} s.",
    )
    _odd(result)
    _failures(result)


def backfill_document(backfill: "Backfill", results: "Sequence[SyncResult]") -> dict[str, Any]:
    """A backfill as JSON."""
    return {
        "backfill": backfill.id,
        "resource": backfill.resource,
        "start": backfill.whole.start,
        "end": backfill.whole.end,
        "chunks_before": backfill.done,
        "chunks": [
            {**sync_document(result), "start": window.start, "end": window.end}
            for window, result in zip(backfill.chunks, results, strict=False)
        ],
    }


def sandbox(served: "Served") -> None:
    """Print the environment variables that point to the sandbox."""
    document = served.document
    say("A Customer.io sandbox is listening. To use it, in another terminal:")
    for name, key in (
        ("CUSTOMERIO_APP_URL", "app_url"),
        ("CUSTOMERIO_TRACK_URL", "track_url"),
        ("CUSTOMERIO_APP_API_KEY", "app_api_key"),
        ("CUSTOMERIO_TRACK_SITE_ID", "track_site_id"),
        ("CUSTOMERIO_TRACK_API_KEY", "track_api_key"),
    ):
        say(f"  export {name}={document[key]}")
    if len(served.workspaces) > 1:
        say("These are the keys of the first workspace. Of each workspace of the account:")
        table = grid(("workspace", "App API key", "Track site id", "Track API key"))
        for workspace in served.workspaces:
            table.add_row(*map(str, workspace.values()))
        OUT.print(table)
    say(f"Its operations, and how to move its clock: {document['control_url']}/_sandbox/")
    if "control_key" in document:
        say(f"Requests there need this header: Authorization: Bearer {document['control_key']}")


def knobs(*, knobs: Sequence[dict[str, Any]], assumptions: Sequence[dict[str, Any]]) -> None:
    """Print the sandbox's knobs, and the assumptions of its code that have none."""
    table = grid(("knob", "default", "meaning", "basis"))
    for knob in knobs:
        default = knob["default"]
        shown = f"{len(default)} of them" if isinstance(default, list | tuple) else str(default)
        table.add_row(knob["name"], shown, knob["meaning"], knob["basis"])
    OUT.print(table)
    say("The code of the sandbox also says of this that it is unverified:")
    table = grid(("module", "assumption"))
    for assumption in assumptions:
        table.add_row(assumption["module"], assumption["says"])
    OUT.print(table)
