"""The forecast of the next sync: requests, rows and bytes of each table, and the requests of a day.

workspace and key -> survey -> the cost of each table -> sums
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipelines.connect import brief_client, check_access
from pipelines.ingest.forecast.cost import Shared
from pipelines.ingest.forecast.costs import COSTS, list_cost
from pipelines.ingest.forecast.survey import Survey
from pipelines.ingest.options import options_of
from pipelines.settings import Settings
from pipelines.times import DAY
from pipelines.warehouse.queries import querying, tables
from pipelines.warehouse.runs import past_runs
from pipelines.workspace import IDENTIFYING, check_contents, is_unknown, read_record
from sources.customerio import resources_named
from sources.customerio.catalogue import Resource
from sources.customerio.client import NOT_FOR_THIS_KEY, QUOTAS, Request

CHECK = "key and workspace"
"""The line of the requests that check the key and the workspace before a run."""

_HOURS_A_DAY = 24
# A run that does not read this list asks for it once, for the time of its answer.
_CLOCK = "getCioAllowlist"


@dataclass(frozen=True, kw_only=True)
class TableForecast:
    """The forecast of one table. `rows` and `bytes` (as JSON) that come are None where they are not known.

    `requests_a_day` are those of a day of hourly syncs. `path` is pages or export. `note` says why, and what
    is an estimate.
    """

    resource: str
    path: str
    requests: int
    rows: int | None
    bytes: int | None
    requests_a_day: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The forecast of a run.

    Attributes:
        run: `first sync`, `sync`, `full sync` or `backfill`.
        tables: A line for each table, and one for the checks before the run.
        requests_a_second: The rate limit of the settings.
        requests_of_plan: The requests that the forecast itself took.
        last_run: The requests of the last sync of the same tables, without its checks; None before one.
    """

    run: str
    tables: tuple[TableForecast, ...]
    requests_a_second: float
    requests_of_plan: int
    last_run: int | None = None

    @property
    def requests(self) -> int:
        """The requests of the run."""
        return sum(table.requests for table in self.tables)

    @property
    def minutes(self) -> float:
        """The minutes that the requests take at the rate limit."""
        return self.requests / self.requests_a_second / 60

    @property
    def rows(self) -> int:
        """The rows that come, of the tables of which it is known."""
        return sum(table.rows or 0 for table in self.tables)

    @property
    def bytes(self) -> int:
        """The bytes that come, of the tables of which it is known."""
        return sum(table.bytes or 0 for table in self.tables)

    @property
    def rows_unknown(self) -> list[str]:
        """The tables whose rows are not known before they are read."""
        return [table.resource for table in self.tables if table.rows is None]

    @property
    def bytes_unknown(self) -> list[str]:
        """The tables whose bytes are not known before they are read."""
        return [table.resource for table in self.tables if table.bytes is None]

    @property
    def sentences(self) -> list[str]:
        """The rest of the forecast in words."""
        share = self.requests_a_day / (self.requests_a_second * DAY)
        said = (
            f"A year of hourly syncs takes {self.requests_a_day:,} requests a day at today's size, "
            f"{share:.1%} of the rate limit."
        )
        before = "" if self.last_run is None else f"The last sync of them took {self.last_run:,} requests."
        return [said, *filter(None, [before])]

    @property
    def requests_a_day(self) -> int:
        """The requests of a day of hourly syncs, at today's size."""
        return sum(table.requests_a_day for table in self.tables)


def forecast(settings: Settings, resources: Iterable[str] = (), *, full: bool = False) -> Forecast:
    """The cost of the next sync, from the warehouse, the watermarks and a few small requests.

    With `full`, of one that reads everything again.

    Raises:
        ConfigError: the settings or names are unusable, or the key is not accepted.
        WrongWorkspace: the key is of another workspace than the warehouse.
        CustomerioError: Customer.io cannot be reached.
    """
    named = list(resources)
    rows = resources_named(named)
    with surveying(settings, due_only=not named and not full, full=full) as survey:
        lines = list(_tables(survey, rows))
        identifies = any(row.table in IDENTIFYING for row in rows)
        # The check compares one of these lists with the warehouse or the record, once it has one.
        hourly = max(survey.checks, 1 + (identifies or survey.notes))
        clock = 0 if any(row.operation == _CLOCK for row in rows) else 1
        # To create an export of people is a command of its own, which checks the workspace again.
        times = 0 if identifies else 1 + any(line.path == "export" for line in lines)
        noted = times * survey.notes
        check = check_line(survey.checks + clock + noted, (hourly + clock) * _HOURS_A_DAY)
        known = any(row.table in survey.tables for row in rows)
        past = past_runs(survey.query, [row.table for row in rows])
        return Forecast(
            run="full sync" if known and full else "sync" if known else "first sync",
            tables=(check, *lines),
            requests_a_second=rate(settings),
            requests_of_plan=survey.requests,
            last_run=sum(past[0].requests.values()) if past else None,
        )


@contextmanager
def surveying(settings: Settings, *, due_only: bool = False, full: bool = False) -> Iterator[Survey]:
    """A survey of the workspace, once the key and the workspace are checked; for a run with these options."""
    counted: list[Request] = []
    with brief_client(settings) as client, querying(settings, may_lack=True) as query:
        access = check_access(settings)
        watched = client.watching(counted.append)
        check_contents(settings, watched)
        record = read_record(settings)
        survey = Survey(
            settings=settings,
            client=client,
            query=query,
            options=options_of(settings, due_only=due_only, full=full),
            now=int(time.time()) + access.ahead_s,
            people=access.people,
            workspace_id=record.id,
            checks=1 + len(counted),
            notes=int(not counted and is_unknown(record, access, tables(query))),
        )
        survey.requests = survey.checks
        yield survey


def rate(settings: Settings) -> float:
    """The App API's requests a second at the configured speed."""
    return QUOTAS["app"].per_second * settings.cio_elt_speed


def check_line(requests: int, requests_a_day: int) -> TableForecast:
    """The line of the checks before a run."""
    return TableForecast(
        resource=CHECK, path="", requests=requests, rows=0, bytes=0, requests_a_day=requests_a_day
    )


def _tables(survey: Survey, rows: Iterable[Resource]) -> Iterator[TableForecast]:
    read: set[Shared] = set()
    refused: set[str | None] = set()
    for row in rows:
        try:
            yield _table(survey, row, read)
        except NOT_FOR_THIS_KEY as error:
            # A list that is refused is asked for once; what is below it is not read.
            requests = int(error.operation not in refused)
            refused.add(error.operation)
            yield TableForecast(
                resource=row.table,
                path="pages",
                requests=requests,
                rows=None,
                bytes=None,
                requests_a_day=_HOURS_A_DAY * requests,
                note=str(error),
            )


def _table(survey: Survey, row: Resource, read: set[Shared]) -> TableForecast:
    """The line of one table; the lists that it needs are added to those `read`, and counted once."""
    cost = COSTS[row.reader](survey, row)
    new = [table for table in dict.fromkeys(cost.lists) if table not in read]
    read.update(new)
    shared = sum(list_cost(survey, table) for table in new)
    # What is below a parent is no list of each hour: the table's own rule says how often it is read.
    lists = sum(list_cost(survey, table) for table in new if isinstance(table, str))
    hourly = lists + (cost.requests if cost.hourly is None else cost.hourly)
    weight = survey.row_bytes(row.table) if cost.rows else 0.0
    return TableForecast(
        resource=row.table,
        path=cost.path,
        requests=round(shared + cost.requests),
        rows=None if cost.rows is None else round(cost.rows),
        bytes=None if cost.rows is None or weight is None else round(cost.rows * weight),
        requests_a_day=round(_HOURS_A_DAY * hourly + cost.daily),
        note=cost.note,
    )
