"""Requests to the pages, as the command serves them: what they show, and what is refused."""

import asyncio
import hashlib
import re
from html import unescape
from pathlib import Path

import duckdb
import httpx
import pytest
from starlette.types import ASGIApp

from pipelines.settings import Settings
from pipelines.ui.app import HEADERS, application
from pipelines.ui.pages import PAGES
from tests.pipelines.ui.conftest import MARKUP, Stage

pytestmark = pytest.mark.proof

PATHS = [page.path for page in PAGES]


def words(answer: httpx.Response) -> str:
    """The text of a page without its elements."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_the_headers_and_no_person(stage: Stage, pages: httpx.Client, path: str) -> None:
    """Each page has its policy, no script, no markup of others, no key and no person's address or id."""
    answer = pages.get(path)
    private = [
        row[name]
        for row in stage.shell.sandbox.rows("people")
        for name in ("email", "cio_id")
        if row.get(name)
    ]
    private += [
        row["attributes"]["email"]
        for row in stage.shell.sandbox.rows("people")
        if row["attributes"].get("email")
    ]
    keys = [value for name, value in stage.shell.env.items() if name.endswith("_KEY")]

    assert 200 == answer.status_code
    assert HEADERS.items() <= answer.headers.items()
    assert "server" not in answer.headers
    assert "<script" not in answer.text and "style=" not in answer.text
    assert len(private) > 50
    assert [] == [text for text in (*private, *keys) if text in answer.text]
    head = pages.head(path)
    assert (200, b"") == (head.status_code, head.content)


def test_the_overview_tells_what_needs_attention(stage: Stage, pages: httpx.Client) -> None:
    """The verdict comes first, then the failed run, late tables, the gap and the error, which is text."""
    text = words(pages.get("/"))
    places = [
        text.index(part)
        for part in (
            "Needs attention 55 tables, 53 late, gaps in 1, 1 not complete",
            "The last backfill was killed",
            "The last sync failed",
            "53 tables are late",
            "activities lacks 10 d",
            f"“{MARKUP}”",
            "The analysts' tables are not built yet. cio-elt transform builds them.",
            "Latest runs",
        )
    ]

    assert places == sorted(places)
    assert f"Production us {stage.settings.cio_elt_data}" in text


def test_each_table_has_its_rows(stage: Stage, pages: httpx.Client) -> None:
    """The counts are those of the published file; a late table is marked."""
    rows = dict(
        re.findall(
            r"<code>(\w+)</code></th><td class=\"num\" data-label=\"Rows\">([\d,]+)</td>",
            pages.get("/tables").text,
        )
    )
    (people,) = stage.warehouse.query("SELECT count(*) FROM customerio_raw.people WHERE deleted_at IS NULL")
    (campaigns,) = stage.warehouse.query("SELECT count(*) FROM customerio_raw.campaigns")

    assert 55 == len(rows)
    assert (f"{people[0]:,}", f"{campaigns[0]:,}") == (rows["people"], rows["campaigns"])
    assert 53 == pages.get("/tables").text.count('class="verdict bad">40 d')


def test_the_calendar_has_the_gap(pages: httpx.Client) -> None:
    """The days that Customer.io had forgotten are marked, and the command that would read them is named."""
    answer = pages.get("/coverage")

    assert "16 October 2026: not read" in answer.text
    assert "15 October 2026: read in part: 14 h missing" in answer.text
    assert 10 == len(re.findall(r"2026: not read<", answer.text))
    assert "cio-elt backfill activities --gaps --from" in words(answer)
    assert "messages no gaps" in words(answer)


def test_the_runs_have_state_step_and_error(pages: httpx.Client) -> None:
    """Each run of the ledger is there, the newest first, with the message of its error."""
    text = words(pages.get("/runs"))
    states = re.findall(
        r"(backfill|sync|push run|push audit) (killed|failed|stopped|refused|partly|done) ", text
    )

    assert [
        ("backfill", "killed"),
        ("sync", "failed"),
        ("push audit", "partly"),
        ("push run", "stopped"),
        ("push run", "refused"),
    ] == states
    assert "There is no push 'typos' in" in text
    assert 5 == len(re.findall(r"\b[0-9a-f]{32}\b", text))


def test_the_costs_are_those_of_the_runs(stage: Stage, pages: httpx.Client) -> None:
    """Requests by table are the sums of `sync_runs` in the last 30 days."""
    answer = pages.get("/costs")
    shown = {
        table: int(count)
        for table, count in re.findall(
            r"<code>(\w+)</code></th><td data-label=\"By day\">.*?data-label=\"30 days\">(\d+)<",
            answer.text,
            re.DOTALL,
        )
    }
    since = stage.shell.sandbox.clock.now() - 30 * 86_400
    counted = stage.warehouse.query(
        "SELECT resource, sum(requests)::BIGINT FROM customerio_raw.sync_runs "
        f"WHERE finished_at > {since} GROUP BY 1"
    )

    assert {"activities", "campaigns"} <= shown.keys()
    assert {**dict(counted), "segments": shown["segments"]} == shown
    assert "app 10 in 1 s 864,000" in words(answer)
    assert "archive 100 in 1 d 100 0" in words(answer)


def test_the_pushes_have_brakes_run_and_drift(stage: Stage, pages: httpx.Client) -> None:
    """A push has its limits, the counts of its last run and its drift; a wrong declaration has its error."""
    text = words(pages.get("/pushes"))
    (accepted,) = stage.warehouse.query("SELECT accepted FROM customerio_push.runs")

    assert "A brake stopped the last push run" in text
    assert re.search(r"fans no run yet .* the least number of rows of the model 5,000", text)
    assert "vips done drift" in text
    assert f"Accepted in the last run {accepted[0]} of {accepted[0]}" in text
    assert re.search(r"tier changed 1 2026-", text)
    assert "typo.yml, line 2, column 1: objekt: there is no such key here" in text


def test_the_schema_changes_are_listed(pages: httpx.Client) -> None:
    """A new field has its table, its type, and the sync that brought it."""
    text = words(pages.get("/schema"))

    assert re.search(r"team campaigns new field – (JSON|VARCHAR) 2026-11-24", text), text


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example:80", "", "[::1"]
)
def test_another_host_learns_nothing(pages: httpx.Client, host: str) -> None:
    """A name that a stranger lets point here is refused without a word about the workspace."""
    answer = pages.get("/", headers={"host": host})

    assert 400 == answer.status_code
    assert "Production" not in answer.text and "data" not in answer.text
    assert "127.0.0.1 and localhost" in answer.text or not answer.text.startswith("These")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9", "localhost:8080"])
def test_names_of_this_machine_are_answered(pages: httpx.Client, host: str) -> None:
    """The port does not matter: a tunnel has another one."""
    assert 200 == pages.get("/schema", headers={"host": host}).status_code


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_the_pages_are_only_read(pages: httpx.Client, method: str, path: str) -> None:
    """Every other method is refused, with those that there are."""
    answer = pages.request(method, path)

    assert (405, "GET, HEAD") == (answer.status_code, answer.headers["allow"])
    assert HEADERS.items() <= answer.headers.items()


@pytest.mark.parametrize("path", ["/nowhere", "/tables/", "/../etc/passwd", f"/{MARKUP}"])
def test_an_unknown_path_has_a_page(pages: httpx.Client, path: str) -> None:
    """The page says so, and has the links to all others."""
    answer = pages.get(path)

    assert 404 == answer.status_code
    assert "There is no page" in words(answer) and "<script" not in answer.text
    assert all(f'href="{each}"' in answer.text for each in PATHS)


def test_odd_rows_are_told_on_a_page(copied: Settings) -> None:
    """Rows that no sync writes make a page that names the next step; the other pages are shown."""
    with duckdb.connect(copied.published_file) as connection:
        connection.execute("UPDATE customerio_raw.coverage SET start_at = 10**17, end_at = 10**17")
    odd, good = asyncio.run(_answers(application(copied), "/coverage", "/costs"))

    assert (500, 200) == (odd.status_code, good.status_code)
    assert "This page could not be made (OverflowError)" in odd.text
    assert "<code>cio-elt doctor</code> examines the files" in odd.text
    assert HEADERS.items() <= odd.headers.items()


async def _answers(app: ASGIApp, *paths: str) -> list[httpx.Response]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return [await client.get(path) for path in paths]


def test_reading_changes_no_file(stage: Stage, pages: httpx.Client) -> None:
    """After each page was read, the data folder has the files and bytes of before."""
    before = _digests(stage.settings.cio_elt_data)
    for path in PATHS:
        assert 200 == pages.get(path).status_code

    assert before == _digests(stage.settings.cio_elt_data)
    assert len(before) > 5


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }
