"""The forecast of a backfill: by pages, chunk by chunk, and by exports beside it."""

from dataclasses import dataclass

from pipelines.errors import ConfigError
from pipelines.export import history_requests
from pipelines.ingest.backfill import plan
from pipelines.ingest.coverage import proven
from pipelines.ingest.forecast.forecast import Forecast, TableForecast, check_line, rate, surveying
from pipelines.ingest.forecast.histogram import page_count
from pipelines.ingest.forecast.survey import Survey
from pipelines.ingest.forecast.timeline import Timeline, held_timeline, sampled_deliveries, timeline
from pipelines.ingest.forecast.windows import feed_pages, sliced_windows
from pipelines.settings import Settings
from sources.customerio.catalogue import Resource, operation, resource
from sources.customerio.extract import COVERAGE, Window, left_out


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
        exports = _exports(settings, row, planned.whole)
        by_exports = None if exports is None else exports * survey.requests_an_export
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


def _exports(settings: Settings, row: Resource, whole: Window) -> int | None:
    """The number of exports that bring that time; None if the table comes by pages alone."""
    if row.reader != "windows":
        return None
    try:
        return len(history_requests(settings, whole.start, whole.end + 1))
    except ConfigError:
        return None


def _advice(row: Resource, by_pages: int, exports: int | None, by_exports: int | None) -> str:
    if row.reader != "windows":
        return f"{row.table} come by pages: no export has them."
    if exports is None or by_exports is None:
        return "Pages: an export is of one parent, and no parent is in the warehouse yet."
    numbers = f"{by_pages:,} requests by pages, {by_exports:,} or more by {exports:,} exports"
    if by_exports < by_pages:
        return (
            f"Exports (--via exports): {numbers}. They add only deliveries that are missing, and count as no "
            "coverage."
        )
    return f"Pages: {numbers}."
