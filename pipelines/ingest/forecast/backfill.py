"""The forecast of a backfill: by pages, chunk by chunk, and by exports beside it."""

from dataclasses import asdict, dataclass
from statistics import median

from pipelines.errors import ConfigError
from pipelines.export import AHEAD, looks, plan_history
from pipelines.ingest.backfill import Backfill, plan
from pipelines.ingest.coverage import proven
from pipelines.ingest.forecast.forecast import Forecast, TableForecast, check_line, rate, surveying
from pipelines.ingest.forecast.histogram import page_count
from pipelines.ingest.forecast.survey import Survey
from pipelines.ingest.forecast.timeline import Timeline, held_timeline, sampled_deliveries, timeline
from pipelines.ingest.forecast.windows import feed_pages, sliced_windows
from pipelines.settings import Settings
from sources.customerio.catalogue import Resource, operation, resource
from sources.customerio.client import NOT_FOR_THIS_KEY, reading_answers
from sources.customerio.extract import COVERAGE, Window, left_out

# Of an export of deliveries, where none is listed; no source says how long Customer.io takes.
_EXPORT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class BackfillForecast(Forecast):
    """The forecast of a backfill by pages.

    `chunks` are loaded one after the other. `exports` and `requests_by_exports` are those of the same time by
    exports, and `minutes_by_exports` is how long Customer.io makes these, as many at once as it does and each
    as fast as earlier ones; None where there are none. `advice` says which path takes fewer requests.
    """

    chunks: int
    exports: int | None = None
    requests_by_exports: int | None = None
    minutes_by_exports: float | None = None
    advice: str

    @property
    def sentences(self) -> list[str]:
        """The chunks, and the path with fewer requests."""
        return [f"{self.chunks:,} chunk(s), each published once it is loaded.", self.advice]


def forecast_backfill(
    settings: Settings, name: str, start: int | None, end: int | None = None, *, chunk_days: int = 7
) -> BackfillForecast:
    """The cost of a backfill of that table from `start` until before `end` (Unix seconds; None is now).

    Raises:
        ConfigError: the table has no time, or that time cannot be read.
        CustomerioError: Customer.io cannot be reached.
    """
    planned = plan(settings, name, start, end, chunk_days=chunk_days)
    row = resource(planned.resource)
    with surveying(settings) as survey:
        known = _timeline(survey, row, planned.whole)
        requests = sum(_requests(survey, row, known, chunk) for chunk in planned.chunks)
        rows = sum(known.rows.rows(chunk) for chunk in planned.chunks)
        weight = survey.row_bytes(name)
        line = TableForecast(
            resource=name,
            path="pages",
            requests=requests,
            rows=round(rows),
            bytes=None if weight is None else round(rows * weight),
            requests_a_day=0,
            note=known.note,
        )
        # A chunk is a run of its own: it checks the key, and asks for Customer.io's clock.
        checks = len(planned.chunks) * (survey.checks + survey.notes + 1)
        history = _history(survey, row, planned.whole.start, end)
        return BackfillForecast(
            run="backfill",
            tables=(check_line(checks, 0), line),
            requests_a_second=rate(settings),
            requests_of_plan=survey.requests,
            chunks=len(planned.chunks),
            advice=_advice(row, checks + requests, history),
            **({} if history is None else asdict(history)),
        )


def forecast_chunks(settings: Settings, planned: Backfill) -> dict[Window, int]:
    """The requests of each chunk of a backfill by pages, without its checks.

    Raises:
        CustomerioError: Customer.io cannot be reached.
    """
    row = resource(planned.resource)
    with surveying(settings) as survey:
        known = _timeline(survey, row, planned.whole)
        return {chunk: _requests(survey, row, known, chunk) for chunk in planned.chunks}


def _timeline(survey: Survey, row: Resource, whole: Window) -> Timeline:
    """The rows of that time: the warehouse's if all of it is loaded, or a sample."""
    covered = proven(survey.query, row.table) if COVERAGE in survey.tables else []
    last = covered[-1].end if covered else 0
    if covered and not left_out(Window(start=whole.start, end=min(whole.end, last)), covered):
        return held_timeline(survey, row, last)
    return timeline(survey, row) if row.reader == "feed" else sampled_deliveries(survey, row, whole)


def _requests(survey: Survey, row: Resource, known: Timeline, chunk: Window) -> int:
    if row.reader == "feed":
        return feed_pages(survey, row, known, chunk.start)
    return page_count(sliced_windows(chunk), known.rows, operation(row.operation).page_max or 1)


@dataclass(frozen=True, kw_only=True)
class _ByExports:
    """The path by exports: see the fields of `BackfillForecast` with these names."""

    exports: int
    requests_by_exports: int
    minutes_by_exports: float


def _history(survey: Survey, row: Resource, start: int, end: int | None) -> _ByExports | None:
    """The exports that bring that time; None if the table comes by pages alone, or no parent is known."""
    if row.reader != "windows":
        return None
    try:
        plan = plan_history(survey.settings, survey.client, start, end)
        took_s = _export_s(survey)
    except (ConfigError, *NOT_FOR_THIS_KEY):
        return None
    exports = len(plan.requests)
    # The checks, the counts, the lists of exports; of each export the order and the link.
    requests = survey.checks + survey.notes + plan.asked + looks(exports, took_s) + 2 * exports
    return _ByExports(
        exports=exports,
        requests_by_exports=requests,
        minutes_by_exports=-(-exports // AHEAD) * took_s / 60,
    )


def _export_s(survey: Survey) -> float:
    """The seconds that Customer.io took for a file of deliveries, by the exports that it still lists."""
    with reading_answers("`listExports`"):
        took = [
            float(record["updated_at"] - record["created_at"])
            for record in survey.client.call("listExports").records("exports")
            if record["type"] == "deliveries" and record["status"] == "done"
        ]
    return median(took) if took else _EXPORT_S


def _advice(row: Resource, by_pages: int, history: _ByExports | None) -> str:
    if row.reader != "windows":
        return f"{row.table} come by pages: no export has them."
    if history is None:
        return "Pages: no parent is in the warehouse yet, or the key may not read exports."
    numbers = (
        f"{by_pages:,} requests by pages, {history.requests_by_exports:,} by {history.exports:,} exports, "
        f"which Customer.io makes in about {history.minutes_by_exports:,.1f} minutes"
    )
    if history.requests_by_exports < by_pages:
        return (
            f"Exports (--via exports): {numbers}. They add only deliveries that are missing, and count as no "
            "coverage."
        )
    return f"Pages: {numbers}."
