"""The pages in a browser, on a desktop, a phone and paper, light and dark; and those of odd data folders."""

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import duckdb
import httpx
import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as BrowserPage

from pipelines.settings import Settings
from pipelines.ui.pages import PAGES, Page, render
from pipelines.warehouse.publish import publish_warehouse
from pipelines.warehouse.writer import writing
from tests.browser import FAINT, FOCUSED, WIDER, launched, screenshots
from tests.pipelines.ui.conftest import Stage

pytestmark = pytest.mark.proof

SIZES = ((1280, 900), (390, 844))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with launched() as browser:
        yield browser


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.template)
def test_a_page_in_a_browser(pages: httpx.Client, chromium: Browser, page: Page) -> None:
    """No console message, no foreign request, no scrolling sideways, readable text, each link by keyboard."""
    address = str(pages.base_url.join(page.path))
    with chromium.new_page() as shown:
        told: list[str] = []
        shown.on("console", lambda message: told.append(message.text))
        shown.on("pageerror", lambda error: told.append(str(error)))
        shown.on("request", lambda request: told.append(request.url))
        shown.goto(address)
        stops = shown.locator("a, .frame").count()
        for width, height in SIZES:
            shown.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                shown.emulate_media(color_scheme=scheme)
                shown.screenshot(
                    path=screenshots() / f"ui-{page.template}-{width}-{scheme}.png", full_page=True
                )

                assert width == shown.evaluate("document.documentElement.scrollWidth")
                assert [] == shown.evaluate(WIDER)
                assert [] == shown.evaluate(FAINT)
                dark = shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 22, 26)"
                assert (scheme == "dark") == dark
        reached = [_after_tab(shown) for _ in range(stops)]

    assert {address, str(pages.base_url.join("/style.css"))} == {
        line for line in told if not line.startswith("data:")
    }
    assert stops == len({place for place, _ in reached}) >= len(PAGES)
    assert all(outline != "none" for _, outline in reached)


def _after_tab(shown: BrowserPage) -> tuple[int, str]:
    """The number of the element that the next press of Tab reaches, and its outline."""
    shown.keyboard.press("Tab")
    place, outline = shown.evaluate(FOCUSED)
    return int(place), str(outline)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.template)
def test_a_page_on_paper(pages: httpx.Client, chromium: Browser, page: Page) -> None:
    """A page is printed on a few sheets, without its navigation."""
    with chromium.new_page() as shown:
        shown.goto(str(pages.base_url.join(page.path)))
        shown.emulate_media(media="print")
        printed = shown.pdf(path=screenshots() / f"ui-{page.template}.pdf", prefer_css_page_size=True)

        assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 4
        assert not shown.locator("nav").is_visible()


_ODD = {
    "customerio.duckdb": ({"tables", "coverage", "costs", "schema"}, "cannot be read as a DuckDB file"),
    "runs.sqlite": ({"overview", "runs"}, "cannot be read"),
    "workspace.json": ({"overview"}, "55 tables"),
    "run_notes.duckdb": ({"overview", "costs"}, "equests"),
    "erasures.json": ({"overview", "tables", "coverage"}, "erasures.json"),
    "set_aside/7/reason.txt": ({"overview"}, "odd"),
}
"""By state file that is damaged: pages that it concerns, and words that each of them has."""


@pytest.mark.parametrize("name", _ODD)
def test_a_damaged_file_is_a_sentence(copied: Settings, name: str) -> None:
    """A page that needs a file of odd bytes says so; all others are as before."""
    file = copied.cio_elt_data / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\xff\xfe odd \x00 bytes" * 300)
    told, says = _ODD[name]
    for page in PAGES:
        if page.template in told:
            assert says in render(page, copied), page.template


def test_pages_of_a_folder_that_is_empty(copied: Settings, tmp_path: Path) -> None:
    """Without a warehouse each page says what to do next, and reading them makes nothing."""
    empty = copied.model_copy(update={"cio_elt_data": tmp_path / "none", "cio_elt_push": tmp_path / "none"})
    for page in PAGES:
        text = render(page, empty)
        assert (
            "There is no warehouse in" in text or "No command has run" in text or "no specs of pushes" in text
        )

    assert not (tmp_path / "none").exists()


def test_pages_of_a_run_ledger_alone(copied: Settings) -> None:
    """The run that was to make the warehouse, and failed, is told beside its absence."""
    copied.published_file.unlink()
    text = render(PAGES[0], copied)

    assert "No warehouse to show" in text and "There is no warehouse in" in text
    assert "The last <code>sync</code> failed" in text


def test_a_warehouse_without_syncs_of_all_tables(copied: Settings) -> None:
    """Tables that do not exist yet are no error: neither coverage, nor schema changes, nor the journal."""
    with duckdb.connect(copied.published_file) as connection:
        for table in ("customerio_raw.coverage", "customerio_raw.schema_changes", "customerio_raw.people"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DROP SCHEMA customerio_push CASCADE")
    texts = {page.template: render(page, copied) for page in PAGES}

    assert "No table has coverage yet" in texts["coverage"]
    assert "No transform has compared fields yet" in texts["schema"]
    assert "no run yet" in texts["pushes"] and "drift" not in texts["pushes"].split("Drift")[0][-40:]
    assert "54 tables" in texts["overview"]


def test_after_a_transform_no_step_is_missing(copied: Settings) -> None:
    """The step that builds the analysts' tables is named only while they are missing."""
    assert "cio-elt transform" in render(PAGES[0], copied)
    with duckdb.connect(copied.published_file) as connection:
        connection.execute("CREATE TABLE ops.freshness AS SELECT 1 AS one")

    assert "cio-elt transform" not in render(PAGES[0], copied)


def test_pages_and_a_writer_do_not_meet(stage: Stage, copied: Settings) -> None:
    """While a run publishes anew again and again, each page is whole, and no publish fails."""
    over, texts = threading.Event(), []
    shutil.copyfile(stage.settings.load_file, copied.load_file)

    def read() -> None:
        while not over.is_set():
            texts.append(render(PAGES[1], copied))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(5):
            with writing(copied, wait_s=0):
                publish_warehouse(copied)
    finally:
        over.set()
        reader.join()

    assert len(texts) > 2
    assert all("55 tables" in text for text in texts)
