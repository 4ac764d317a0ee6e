"""Every number on the pages is compared with its source; a number without a source is refused.

`STATED` has a row a sentence. Code blocks state nothing, because users type them; the answers in
warehouse/QUESTIONS.md are asked again by `tests/warehouse/test_questions.py`.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from scipy import stats

from flows.__main__ import LIMIT
from flows.automations import SILENT_S
from flows.environment import DEFAULTS
from pipelines.cli import command
from pipelines.settings import Settings
from pipelines.warehouse.duckdb_file import OLDEST_READER
from sources.customerio.catalogue import OPERATIONS, RESOURCES, operation
from sources.customerio.client.limits import QUOTAS
from sources.customerio.extract.own_columns import OWN_COLUMNS, TOMBSTONE
from sources.customerio.extract.people import PROFILES_A_REQUEST
from sources.customerio.sandbox import Sandbox
from sources.customerio.sandbox.faults.limits import APP_REQUESTS, APP_WINDOW_S
from sources.customerio.sandbox.sandbox import ScaleName
from sources.customerio.sandbox.world.scale import SCALES
from tests.warehouse.questions import BLOCK

ROOT = Path(__file__).parents[1]
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
PAGES = (
    "README.md",
    "CHANGELOG.md",
    "flows/README.md",
    "sources/customerio/sandbox/README.md",
    "warehouse/README.md",
    "warehouse/QUESTIONS.md",
)


@dataclass(frozen=True, kw_only=True)
class Stated:
    """A sentence of a page with places for its numbers, and their values in the code."""

    page: str
    words: str
    source: Callable[[], tuple[object, ...]]


def _setting(name: str) -> Any:
    return Settings.model_fields[name].default


def _yaml(file: str) -> Any:
    return YAML(typ="safe").load(ROOT / file)


def _daily_at(deployment: str, weekday: str = "*") -> tuple[str, ...]:
    """The hour and minute of a daily or weekly schedule of prefect.yaml."""
    [row] = [row for row in _yaml("prefect.yaml")["deployments"] if row["name"] == deployment]
    minute, hour, *rest = row["schedules"][0]["cron"].split()
    assert rest == ["*", "*", weekday]
    return (f"{int(hour):02}:{int(minute):02}" if hour != "*" else str(int(minute)),)


def _var(name: str) -> Any:
    return _yaml("warehouse/dbt_project.yml")["vars"][name]


def _search_requests() -> int:
    """Requests for as many people as the default limit: a page of ids each, then their profiles."""
    people, page = _setting("customerio_people_by_search"), operation("getPeopleFilter").page_max
    assert page is not None
    return int(people // page + people // PROFILES_A_REQUEST)


@cache
def _held(scale: ScaleName) -> tuple[str, ...]:
    """The people, deliveries and activities of a workspace on its first day, and the days of its history."""
    sandbox = Sandbox(scale=scale)
    people, messages, activities = (
        sum(1 for _ in sandbox.rows(table)) for table in ("people", "messages", "activities")
    )
    return f"{people:,}", f"{messages:,}", str(SCALES[scale].history_days), f"{activities:,}"


def _stable() -> int:
    return sum(row.stability == "stable" for row in OPERATIONS)


def _python() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["requires-python"]).removeprefix(">=")


ARCHIVE = QUOTAS["archive"]
README, CHANGES, FLOWS, SANDBOX, WAREHOUSE, _ = PAGES
STATED = (
    Stated(page=README, words="Python {} or newer", source=lambda: (_python(),)),
    Stated(page=README, words="`archived_messages` ({} a day)", source=lambda: (ARCHIVE.requests,)),
    Stated(
        page=README,
        words="{} columns are the project's own",
        # The fourth is dlt's: the id of the load.
        source=lambda: (WORDS[len({*OWN_COLUMNS, *TOMBSTONE, "_dlt_load_id"})].capitalize(),),
    ),
    Stated(
        page=README,
        words="(default {:,}, {} requests)",
        source=lambda: (_setting("customerio_people_by_search"), _search_requests()),
    ),
    Stated(page=README, words="default {:,} |", source=lambda: (_setting("cio_elt_target_lag"),)),
    Stated(page=README, words="it ends with {} if something is", source=lambda: (command.FAILED,)),
    Stated(
        page=README,
        words="{} done; {} failed; {} wrong use or configuration; {} stopped by a brake; {} partly done",
        source=lambda: (
            command.DONE,
            command.FAILED,
            command.MISUSED,
            command.STOPPED_BY_BRAKE,
            command.PARTLY,
        ),
    ),
    Stated(page=CHANGES, words="workspace, {} tables", source=lambda: (len(RESOURCES),)),
    Stated(
        page=CHANGES,
        words="{} tables cost a request per row",
        source=lambda: (WORDS[sum(row.optional for row in RESOURCES)].capitalize(),),
    ),
    Stated(page=CHANGES, words="`archived_messages` ({} a day)", source=lambda: (ARCHIVE.requests,)),
    Stated(
        page=CHANGES,
        words="More than {:,} people are read by an export",
        source=lambda: (_setting("customerio_people_by_search"),),
    ),
    Stated(page=CHANGES, words="any of the {} calls", source=lambda: (_stable(),)),
    Stated(page=CHANGES, words="it answers all {} operations", source=lambda: (_stable(),)),
    Stated(
        page=FLOWS,
        words="on Sundays at {} UTC | `resources`, `full`",
        source=lambda: _daily_at("sync-full", weekday="0"),
    ),
    Stated(page=FLOWS, words="hourly at {} past", source=lambda: _daily_at("transform")),
    Stated(
        page=FLOWS,
        words="{} a day, daily at {} UTC",
        source=lambda: (ARCHIVE.requests, *_daily_at("archive")),
    ),
    Stated(
        page=FLOWS,
        words="server on {} if none",
        source=lambda: (DEFAULTS["PREFECT_API_URL"].removesuffix("/api"),),
    ),
    Stated(page=FLOWS, words="deployment, {} runs at once", source=lambda: (WORDS[LIMIT],)),
    Stated(page=FLOWS, words="no heartbeat for {} minutes", source=lambda: (int(SILENT_S / 60),)),
    Stated(page=SANDBOX, words="| `tiny` | {} | {} over {} days | {} |", source=lambda: _held("tiny")),
    Stated(page=SANDBOX, words="| `demo` | {} | {} over {} days | {} |", source=lambda: _held("demo")),
    Stated(
        page=SANDBOX,
        words="`large` plans {:,} deliveries to {:,} people over {} days",
        source=lambda: (SCALES["large"].deliveries, SCALES["large"].people, SCALES["large"].history_days),
    ),
    Stated(
        page=SANDBOX,
        words="refuses more than {} App API requests in any second",
        source=lambda: (round(APP_REQUESTS / APP_WINDOW_S),),
    ),
    Stated(page=WAREHOUSE, words="its {} % interval (Wilson)", source=lambda: (_confidence(),)),
    Stated(
        page=WAREHOUSE,
        words="since {} (opens) and {} (clicks)",
        source=lambda: (_var("human_opens_since"), _var("human_clicks_since")),
    ),
    Stated(
        page=WAREHOUSE,
        words="after {open} days for opens, {click} for clicks, {conversion} for conversions",
        source=lambda: (_var("mature_after_days"),),
    ),
    Stated(page=WAREHOUSE, words="DuckDB {}.{} and later can open it", source=lambda: OLDEST_READER[:2]),
    Stated(
        page=CHANGES, words="DuckDB {}.{} and later read the published file", source=lambda: OLDEST_READER[:2]
    ),
    Stated(page=WAREHOUSE, words="the command ends with {}", source=lambda: (command.FAILED,)),
    Stated(page=WAREHOUSE, words="on one of {} clocks", source=lambda: (WORDS[_clocks()],)),
)

# Texts with digits or a number word that state no number: a pattern, and the reason.
NO_STATEMENT = (
    (r"`sync campaigns segments` reads\s+two tables", "the two that are named"),
    (r"(?s)```.*?```", "code, to be typed"),
    (r"(?m)^    .*$", "code, indented"),
    (r"`[^`]*`", "code, in a line"),
    (r"\]\([^)]*\)|\(#[^)]*\)", "a link's target"),
    (r"(?m)^(### )?\d+\. ", "the number of a step or of a question"),
    (r"(?m)^## \[[\d.]+\]", "a version: `test_docs.py` compares it"),
    (r"(?m)^## Five minutes with it", "a title"),
    (r"\(under \d+ s\b", "the promise of a time: `make bench BENCH=first_hour` compares it"),
    (r"What happened in the last three days\?", "the question itself"),
    (r"Metrics of version 2", "the name of a version of Customer.io's API"),
    (r"the bodies of the Track API's 401|get 501\b", "the name of a status"),
    (r"the first two tell somebody", "the two that are named before"),
    (r"Two processes never write|between two chunks", "what can never be, of any two"),
)
_NUMBER = re.compile(
    rf"\d[\d.,:-]*|\b(?:{'|'.join(WORDS[2:])}|eleven|twelve|hundred|thousand|million)\b", re.IGNORECASE
)


def _clocks() -> int:
    model = (ROOT / "warehouse/models/marts/channel_daily.sql").read_text("utf-8")
    return len(re.findall(r"'\w+' as clock", model))


def _confidence() -> int:
    """The confidence, in %, of intervals with the code's z."""
    macros = (ROOT / "warehouse/macros/statistics.sql").read_text("utf-8")
    found = re.search(r"macro z_95\(\) %\}([\d.e]+)\{", macros)
    assert found is not None
    return round(100 * (2 * float(stats.norm.cdf(float(found[1]))) - 1))


def _page(name: str) -> str:
    """A page without the answers that another test checks."""
    return BLOCK.sub("", (ROOT / name).read_text("utf-8"))


def _told(row: Stated) -> str:
    values = row.source()
    return row.words.format(**values[0]) if isinstance(values[0], dict) else row.words.format(*values)


def _folded(text: str) -> re.Pattern[str]:
    """A pattern of the words, with any line breaks between them."""
    return re.compile(r"\s+".join(map(re.escape, text.split())))


@pytest.mark.parametrize("row", STATED, ids=lambda row: f"{row.page}: {row.words}")
def test_a_number_is_what_it_is_by_the_code(row: Stated) -> None:
    """The sentence on the page has the numbers of the code."""
    assert _folded(_told(row)).search(_page(row.page)), f"{row.page} does not say: {_told(row)}"


@pytest.mark.parametrize("name", PAGES)
def test_every_number_has_a_source(name: str) -> None:
    """A page without the sentences of `STATED` has no number."""
    text = _page(name)
    for row in STATED:
        if row.page == name:
            text = _folded(_told(row)).sub(" ", text)
    for pattern, _ in NO_STATEMENT:
        text = re.sub(pattern, " ", text)
    unknown = [line.strip() for line in text.splitlines() if _NUMBER.search(line)]
    assert [] == unknown, f"give each number of {name} a row in STATED, or leave it out"
