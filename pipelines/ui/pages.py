"""The pages: `PAGES` has a row for each, and `render` makes one from the data of this moment."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from jinja2 import Environment

from pipelines.errors import EltError
from pipelines.html.template import SHARED, environment
from pipelines.settings import Settings
from pipelines.ui import costs, coverage, overview, pushes, runs, schema, tables
from pipelines.warehouse.failures import elt_error
from pipelines.workspace import read_record

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page: its path, its title, the name of its template, and the function that reads its data."""

    path: str
    title: str
    template: str
    read: Callable[[Settings], Mapping[str, Any]]


PAGES = (
    Page(path="/", title="Overview", template="overview", read=overview.read),
    Page(path="/tables", title="Tables", template="tables", read=tables.read),
    Page(path="/coverage", title="Coverage", template="coverage", read=coverage.read),
    Page(path="/runs", title="Runs", template="runs", read=runs.read),
    Page(path="/costs", title="Costs", template="costs", read=costs.read),
    Page(path="/pushes", title="Pushes", template="pushes", read=pushes.read),
    Page(path="/schema", title="Schema", template="schema", read=schema.read),
)
"""Every page, in the order of the navigation."""

_READING = Lock()
"""One page at a time: connections to a file share its state, and would keep that of a replaced one."""


def render(page: Page, settings: Settings) -> str:
    """The page as HTML; data that cannot be read are a sentence on it."""
    with _READING:
        try:
            return _filled(page.template, settings, page.path, page.title, page.read(settings))
        except Exception as error:
            failure = elt_error(error)
            if failure is None:
                raise
            return problem(page.title, [str(failure)], settings, path=page.path)


def problem(title: str, sentences: list[str], settings: Settings, *, path: str = "") -> str:
    """A page that has sentences alone: a refusal, or why a page's data cannot be read."""
    return _filled("problem", settings, path, title, {"sentences": sentences})


@cache
def style() -> str:
    """The style of the pages."""
    return "".join(file.read_text("utf-8") for file in (SHARED / "document.css", _FOLDER / "pages.css"))


def _filled(template: str, settings: Settings, path: str, title: str, data: Mapping[str, Any]) -> str:
    try:
        record = read_record(settings)
        workspace = record.name or (None if record.id is None else f"No. {record.id}")
    except EltError:
        # The page itself tells of a warehouse that cannot be read.
        workspace = None
    return (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(
            data,
            pages=PAGES,
            path=path,
            title=title,
            workspace=workspace,
            region=settings.customerio_region,
            folder=settings.cio_elt_data,
            destination=settings.cio_elt_destination,
            read_at=time.time(),
        )
    )


@cache
def _environment() -> Environment:
    return environment(_FOLDER)
