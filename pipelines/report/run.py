"""Writes the page from the published marts."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.errors import ConfigError
from pipelines.html.formats import change, change_in_points, missing
from pipelines.html.inline_svg import sparkline
from pipelines.html.template import environment
from pipelines.reconcile import TABLE as RECONCILIATION_TABLE
from pipelines.report import ab_tests, charts, trust
from pipelines.report.charts import Picture
from pipelines.report.queries import QUERIES, RATES, RECONCILIATION, TABLES
from pipelines.settings import Settings
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import frames
from pipelines.workspace import read_record

Frames = dict[str, pd.DataFrame]
Row = dict[str, Any]

# The charts in the page's order: the name of the query, and the function that draws its rows.
_PICTURES: tuple[tuple[str, Callable[[pd.DataFrame], Picture]], ...] = (
    ("sent_daily", charts.sent_daily),
    ("rates_weekly", charts.rates_weekly),
    ("engaged_daily", charts.engaged_daily),
    ("heatmap", charts.heatmap),
    ("domains", charts.domains),
)
_SENDERS = ("campaigns", "newsletters", "broadcasts", "transactional")


@dataclass(frozen=True, kw_only=True)
class Written:
    """The written page: its file, its size in bytes, and its number of charts (`pictures`)."""

    file: str
    bytes: int
    pictures: int


def report(settings: Settings, file: Path | None = None) -> Written:
    """Write the page of the published warehouse to `file`, by default report.html in the data folder.

    Raises:
        ConfigError: there is no warehouse, it has no marts, or the file cannot be written.
        WarehouseError: the published file cannot be read.
    """
    target = file or settings.cio_elt_data / "report.html"
    answers = _answers(settings)
    pictures = {name: draw(answers[name]) for name, draw in _PICTURES if answers[name].notna().any(axis=None)}
    page = _page(answers, pictures, _workspace(settings))
    _write(target, page)
    return Written(file=str(target), bytes=len(page.encode()), pictures=len(pictures))


def _workspace(settings: Settings) -> str | None:
    """The workspace's name, its id if it has none that is known, or None."""
    record = read_record(settings)
    return record.name or (None if record.id is None else f"workspace {record.id}")


def _answers(settings: Settings) -> Frames:
    with frames(settings) as ask:
        found = ask("SELECT table_schema || '.' || table_name AS name FROM information_schema.tables")
        present = set(found["name"])
        if missing_tables := sorted(set(TABLES) - present):
            msg = (
                f"The warehouse in {settings.cio_elt_data} has no table {missing_tables[0]}. "
                "Run `cio-elt transform`, which builds what the report shows."
            )
            raise ConfigError(msg)
        answers = {name: ask(query) for name, query in QUERIES.items()}
        reconciled = f"{DATASET}.{RECONCILIATION_TABLE}" in present
        return answers | {
            name: ask(query) if reconciled else pd.DataFrame() for name, query in RECONCILIATION.items()
        }


def _page(answers: Frames, pictures: dict[str, Picture], workspace: str | None) -> str:
    rows = {name: _rows(frame) for name, frame in answers.items()}
    sparks = _sparks(rows["weekly"])
    return (
        environment(Path(__file__).parent)
        .get_template("page.html.j2")
        .render(
            head=rows["head"][0],
            workspace=workspace,
            spans={row["span"]: row for row in rows["spans"]},
            senders={name: _with_sparks(rows[name], sparks) for name in _SENDERS},
            changes=_changes({row["span"]: row for row in rows["spans"]}),
            tests=ab_tests.lines(rows["tests"]),
            trust=trust.sentence(rows["reconciled"], rows["freshness"]),
            scales={name: _scale(answers, name) for name in ("human_open_rate", "human_click_rate")},
            pictures=pictures,
            **{name: rows[name] for name in ("domains", "freshness", "reconciled", "mismatches")},
        )
    )


def _rows(frame: pd.DataFrame) -> list[Row]:
    """The frame's rows; a missing value is None."""
    names = [str(name) for name in frame.columns]
    return [
        {name: None if missing(value) else value for name, value in zip(names, values, strict=True)}
        for values in frame.itertuples(index=False, name=None)
    ]


def _changes(spans: dict[str, Row]) -> dict[str, str]:
    """The change of each number of the last 28 days from the 28 days before, as text."""
    if len(spans) < len(("last", "before")):
        return {}
    last, before = spans["last"], spans["before"]
    found = {
        name: change_in_points(last[name] - before[name])
        for name in last
        if name in RATES and last[name] is not None and before[name] is not None
    }
    return found | ({"sent": change(last["sent"] / before["sent"] - 1)} if before["sent"] else {})


def _sparks(weekly: list[Row]) -> dict[tuple[str, int], list[int]]:
    """Messages sent by week, for each sender, oldest week first."""
    sparks: dict[tuple[str, int], list[int]] = {}
    for row in weekly:
        sparks.setdefault((row["source_type"], row["parent_id"]), []).append(row["sent"])
    return sparks


def _with_sparks(rows: list[Row], sparks: dict[tuple[str, int], list[int]]) -> list[Row]:
    return [
        {
            **row,
            "spark": sparkline(
                sparks.get((row["source_type"], row["parent_id"]), []), "messages sent per week, half a year"
            ),
        }
        for row in rows
    ]


def _scale(answers: Frames, rate: str) -> float:
    """The end of the scale of a rate, one for all tables, so that they can be compared by eye."""
    highs = pd.concat([answers[name][f"{rate}_high"] for name in _SENDERS]).dropna()
    return float(highs.max()) if len(highs) else 1.0


def _write(target: Path, page: str) -> None:
    """Write the page to a draft, and rename it to the target."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_text(page, encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        msg = f"The report cannot be written to {target} ({error.strerror}). Name another file with --out."
        raise ConfigError(msg) from None
