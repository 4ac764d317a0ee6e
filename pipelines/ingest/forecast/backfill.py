"""The forecast of a backfill: by pages, chunk by chunk, and by exports beside it."""

from dataclasses import dataclass
from statistics import median

from pipelines.errors import ConfigError
from pipelines.export import HistoryPlan, looks, plan_history
from pipelines.ingest.backfill import plan
from pipelines.ingest.coverage import proven
from pipelines.ingest.forecast.forecast import Forecast, TableForecast, check_line, rate, surveying
from pipelines.ingest.forecast.histogram import page_count
from pipelines.ingest.forecast.survey import Survey
from pipelines.ingest.forecast.timeline import Timeline, held_timeline, sampled_deliveries, timeline
from pipelines.ingest.forecast.windows import feed_pages, sliced_windows
from pipelines.settings import Settings
from sources.customerio.catalogue import Resource, operation, resource
from sources.customerio.client import reading_answers
from sources.customerio.extract import COVERAGE, Window, left_out

# Of an export of deliveries, where none is listed; no source says how long Customer.io takes.
_EXPORT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class BackfillForecast(Forecast):
    """The forecast of a backfill by pages.

    `chunks` are loaded one after the other. `exports` and `requests_by_exports` are those of the same time by
    exports, None where there are none; `advice` says which of the two takes fewer requests.
    """

    chunks: int
    exports: int | None
    requests_by_exports: int | None
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
        history = _history(survey, row, planned.whole)
        exports = None if history is None else len(history.requests)
        by_exports = None if history is None else _requests_by_exports(survey, history)
        return BackfillForecast(
            run="backfill",
            tables=(check_line(checks, 0), line),
            requests_a_second=rate(settings),
            requests_of_plan=survey.requests,
            chunks=len(planned.chunks),
            exports=exports,
            requests_by_exports=by_exports,
            advice=_advice(row, checks + requests, exports, by_exports),
        )


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


def _history(survey: Survey, row: Resource, whole: Window) -> HistoryPlan | None:
    """The exports that bring that time; None if the table comes by pages alone, or no parent is known."""
    if row.reader != "windows":
        return None
    try:
        return plan_history(survey.settings, survey.client, whole.start, whole.end + 1)
    except ConfigError:
        return None


def _requests_by_exports(survey: Survey, history: HistoryPlan) -> int:
    """The checks, the counts, the lists of exports, and of each export the order and the link."""
    exports = len(history.requests)
    return survey.checks + survey.notes + history.asked + looks(exports, _export_s(survey)) + 2 * exports


def _export_s(survey: Survey) -> float:
    """The seconds that Customer.io took for a file of deliveries, by the exports that it still lists."""
    with reading_answers("`listExports`"):
        took = [
            float(record["updated_at"] - record["created_at"])
            for record in survey.client.call("listExports").records("exports")
            if record["type"] == "deliveries" and record["status"] == "done"
        ]
    return median(took) if took else _EXPORT_S


def _advice(row: Resource, by_pages: int, exports: int | None, by_exports: int | None) -> str:
    if row.reader != "windows":
        return f"{row.table} come by pages: no export has them."
    if exports is None or by_exports is None:
        return "Pages: an export is of one parent, and no parent is in the warehouse yet."
    numbers = f"{by_pages:,} requests by pages, {by_exports:,} by {exports:,} exports"
    if by_exports < by_pages:
        return (
            f"Exports (--via exports): {numbers}. They add only deliveries that are missing, and count as no "
            "coverage."
        )
    return f"Pages: {numbers}."
