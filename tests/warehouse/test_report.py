"""The report is one complete file with the workspace's numbers, readable on a desktop, a phone and paper."""

import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import duckdb
import pytest
from playwright.sync_api import Browser

from pipelines.report import report
from pipelines.settings import Settings
from sources.customerio.client import ConfigError
from tests.browser import FAINT, FOCUSED, WIDER, screenshots
from tests.conftest import Warehouse

pytestmark = pytest.mark.proof

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """A page's ids, tags and, per section, its table rows as texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.tags: Counter[str] = Counter()
        self.rows: dict[str, list[list[str]]] = {}
        self._open: list[str] = []
        self._section = ""
        self.feed(text)
        self.close()
        assert [] == self._open, "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the element."""
        given = dict(attrs)
        self.tags[tag] += 1
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "section":
            self._section = str(given["aria-labelledby"])
        if tag == "tr":
            self.rows.setdefault(self._section, []).append([])
        if tag in ("td", "th"):
            self.rows[self._section][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element without content, as in SVG."""
        self.tags[tag] += 1
        del attrs

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        assert tag == self._open.pop()

    def handle_data(self, data: str) -> None:
        """Record the text of a cell."""
        if {"td", "th"} & set(self._open) and "svg" not in self._open:
            self.rows[self._section][-1][-1] += data


def written(settings: Settings, folder: Path) -> str:
    """The report's text."""
    return Path(report(settings, folder / "report.html").file).read_text("utf-8")


@pytest.fixture
def copied(marts: Warehouse, tmp_path: Path) -> Settings:
    """A copy of a warehouse with marts, which the test may damage."""
    settings = marts.settings.model_copy(update={"cio_elt_data": tmp_path / "copied"})
    settings.cio_elt_data.mkdir()
    shutil.copyfile(marts.settings.published_file, settings.published_file)
    return settings


def alter(settings: Settings, *statements: str) -> None:
    """Change the published file."""
    with duckdb.connect(settings.published_file) as connection:
        for statement in statements:
            connection.execute(statement)


def test_the_page_needs_nothing_else(marts: Warehouse, tmp_path: Path) -> None:
    """No script, font or picture from elsewhere; ids are unique, and every chart has a title."""
    text = written(marts.settings, tmp_path)
    page = Page(text)

    assert 0 == page.tags["script"] + page.tags["img"] + page.tags["iframe"]
    addresses = set(re.findall(r"""(?:https?:)?//[^\s"'<)]+""", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "url(" not in re.sub(r"url\(#", "", text)
    assert len(set(page.ids)) == len(page.ids)
    used = re.findall(r'(?:url\(|href=")#([^)"]+)', text)
    assert set(used) <= set(page.ids)
    assert page.tags["figure"] == page.tags["desc"] == 5


def test_the_numbers_are_the_workspaces(marts: Warehouse, tmp_path: Path) -> None:
    """Campaigns and their sent messages, as counted from the sandbox's deliveries."""
    names = {row["id"]: row["name"] for row in marts.sandbox.rows("campaigns")}
    sent = Counter(
        names[row["campaign_id"]]
        for row in marts.sandbox.rows("messages")
        if row["campaign_id"] is not None and "sent" in row["metrics"]
    )
    states = {row["name"]: row["state"] for row in marts.sandbox.rows("campaigns")}
    _, *rows = Page(written(marts.settings, tmp_path)).rows["campaigns"]

    assert {(f"{name} {states[name]}", f"{number:,}") for name, number in sent.items()} == {
        (row[0], row[2]) for row in rows
    }


def test_the_workspace_is_named(copied: Settings, tmp_path: Path) -> None:
    """The heading has the name of the data folder's workspace, or its id if no name is known yet."""
    record = copied.cio_elt_data / "workspace.json"
    record.write_text('{"id": 7, "name": "Shop & Co"}')
    assert "<h1>Customer.io report of Shop &amp; Co</h1>" in written(copied, tmp_path)
    record.write_text('{"id": 7}')
    assert "<h1>Customer.io report of workspace 7</h1>" in written(copied, tmp_path)


def test_names_are_text(copied: Settings, tmp_path: Path) -> None:
    """Names of campaigns are escaped."""
    alter(copied, """UPDATE campaign_performance SET name = '<script>alert("x")</script> & co'""")
    text = written(copied, tmp_path)

    assert "<script" not in text
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; &amp; co" in text


def test_mismatches_are_told(copied: Settings, tmp_path: Path) -> None:
    """The page has the result of the last check, before and after the next build of the marts."""
    before = written(copied, tmp_path)
    assert "Not compared yet" in before
    alter(
        copied,
        """
        CREATE TABLE customerio_raw.reconciliation AS
        SELECT 1792058400 AS checked_at, 'campaign' AS subject, 7 AS parent_id, 'Welcome' AS name,
               DATE '2026-10-14' AS cohort_day, 'human_opened' AS metric, 4 AS ours, 5 AS theirs,
               'mismatch' AS verdict, '1 delivery is not in the warehouse: X.' AS reason
        """,
    )
    after = " ".join(written(copied, tmp_path).split())

    assert "campaign Welcome, 14 Oct 2026, human opened: 4 here, 5 there. 1 delivery is not" in after
    assert "Last compared 15 Oct 2026 10:00 UTC" in after


def test_a_workspace_that_sent_nothing_has_a_page(copied: Settings, tmp_path: Path) -> None:
    """Without any message the page says so in each section."""
    with duckdb.connect(copied.published_file) as connection:
        found = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND NOT internal"
        ).fetchall()
    alter(copied, *(f"DELETE FROM main.{name}" for (name,) in found))
    text = written(copied, tmp_path)

    assert "No messages in the last two months." in text
    assert "No test has had two arms yet." in text
    assert "No email in the last 28 days." in text
    assert 0 == Page(text).tags["figure"]


def test_without_marts_the_command_for_them_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    """A warehouse that was synced but not transformed is refused; the message names the command."""
    with pytest.raises(ConfigError, match="There is no warehouse"):
        report(warehouse.settings)
    warehouse.sync("segments")
    with pytest.raises(ConfigError, match=r"has no table .*Run `cio-elt transform`"):
        report(warehouse.settings)
    assert not list(tmp_path.rglob("*.html"))


def test_a_file_that_cannot_be_written_is_named(marts: Warehouse, tmp_path: Path) -> None:
    """The message names the file and the option to change it, and no file is left behind."""
    with pytest.raises(ConfigError, match=r"cannot be written to .*--out"):
        report(marts.settings, tmp_path / "nowhere" / "report.html")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (768, 1024), (390, 844)])
def test_the_page_in_a_browser(
    marts: Warehouse,
    tmp_path: Path,
    chromium: Browser,
    width: int,
    height: int,
    scheme: Literal["light", "dark"],
) -> None:
    """No console message, no request, no scrolling sideways, readable text, all reached by the keyboard."""
    written(marts.settings, tmp_path)
    page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.append(request.url))
    page.goto(f"file://{tmp_path}/report.html")
    page.screenshot(path=screenshots() / f"report-{width}-{scheme}.png", full_page=True)

    assert [f"file://{tmp_path}/report.html"] == [line for line in told if not line.startswith("data:")]
    assert width == page.evaluate("document.documentElement.scrollWidth")
    if width != 768:
        assert [] == page.evaluate(WIDER)
    assert 5 == page.locator("figure svg").count()
    edges = page.evaluate(
        "[...document.querySelectorAll('figure svg')].map(svg => svg.getBoundingClientRect())"
        ".map(box => [box.left, box.right])"
    )
    assert all(0 <= left < right <= width for left, right in edges)
    assert [] == page.evaluate(FAINT)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 22, 26)"
    assert (scheme == "dark") == dark
    stops = page.locator("nav a, .frame").count()
    reached = []
    for _ in range(stops):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert stops == len({place for place, _ in reached})
    assert all(outline != "none" for _, outline in reached)


def test_on_paper_it_is_a_few_pages(marts: Warehouse, tmp_path: Path, chromium: Browser) -> None:
    """A4 pages that fit a staple; long tables have their first rows, and say so."""
    written(marts.settings, tmp_path)
    page = chromium.new_page()
    page.goto(f"file://{tmp_path}/report.html")
    page.emulate_media(media="print")

    printed = page.pdf(path=screenshots() / "report.pdf", prefer_css_page_size=True)

    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 4
    rows = [table.locator("tbody tr") for table in page.locator("table.long").all()]
    assert max(each.count() for each in rows) > 10
    assert all(each.locator("visible=true").count() == min(each.count(), 10) for each in rows)
    assert all(note.is_visible() for note in page.locator(".on-paper").all())
    assert not page.locator("nav").is_visible()
