"""A backfill that is started through the server's API or its pages."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser import launched, screenshots
from tests.flows.stage import PATIENCE_S, Stage, first_chunk_loaded, slow_backfill

FLAGS = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def test_a_backfill_started_through_the_api_outlives_the_server(stage: Stage) -> None:
    """Rows and coverage arrive and progress is shown, although the server is killed half-way."""
    run_id = slow_backfill(stage, "2026-08-01", "2026-08-15")
    first_chunk_loaded(stage, "2026-08-01", "2026-08-15")

    stage.kill("server")
    stage.start_server()
    run = stage.ended(run_id)

    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
    assert "backfill messages 2026-08-01..2026-08-15" == run["name"]
    assert _rows(stage, "2026-08-01", "2026-08-15") > 0
    assert _proven(stage, "2026-08-01", "2026-08-15")
    assert "messages 2026-08-01 00:00..2026-08-07 23:59: 1 requests" in stage.logs(run_id)
    assert "| messages |" in stage.artifact(run_id)["data"]


def test_an_operator_backfills_with_the_form(stage: Stage, page: Page) -> None:
    """The form is filled in by a browser; its run loads the rows, and its page says so."""
    _open_form(page, stage)
    _date(page, "First day", "2026-09-20")
    _date(page, "Day after the last one", "2026-09-30")
    page.screenshot(path=screenshots() / "filled.png")

    run_id = _submitted(page)
    run = stage.ended(run_id)
    page.goto(f"{stage.ui}/runs/flow-run/{run_id}")
    expect(page.get_by_text("backfill messages 2026-09-20..2026-09-30").first).to_be_visible()
    page.screenshot(path=screenshots() / "done.png")

    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
    assert _rows(stage, "2026-09-20", "2026-09-30") > 0
    assert _proven(stage, "2026-09-20", "2026-09-30")


def test_the_form_refuses_wrong_days(stage: Stage, page: Page) -> None:
    """A day outside of this century creates no run; the page says why."""
    _open_form(page, stage)
    _date(page, "First day", "2026-09-20")
    _date(page, "Day after the last one", "0206-09-30")

    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("'0206-09-30' does not match").first).to_be_visible()
    page.screenshot(path=screenshots() / "refused.png")

    assert page.url.endswith("/run")


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"resource": "campaigns"}, "'campaigns' is not one of ['messages', 'activities']"),
        ({"from_day": "soon"}, "'soon' does not match"),
        ({"from_day": "2026-13-01"}, "'2026-13-01' does not match"),
        ({"chunk_days": 0}, "0 is less than the minimum of 1"),
        ({"chunk_days": 181}, "181 is greater than the maximum of 180"),
    ],
    ids=str,
)
def test_the_server_refuses_what_a_schema_can_say(
    stage: Stage, parameters: dict[str, Any], reason: str
) -> None:
    """No run is created: the server answers with the reason."""
    right = {"resource": "messages", "from_day": "2026-09-01", "to_day": "2026-09-02"}

    answer = stage.ask("backfill", **{**right, **parameters})

    assert 409 == answer.status_code
    assert reason in answer.json()["detail"]


def test_an_operator_fills_the_gaps_with_two_clicks(stage: Stage, page: Page) -> None:
    """A form with nothing but the switch is taken, and its run says what it read."""
    stage.control("faults", {"clear": True})
    _open_form(page, stage)
    _field(page, "Only time that is missing").locator(".p-toggle__control").click()
    page.screenshot(path=screenshots() / "gaps.png")

    run = stage.ended(_submitted(page))

    assert "backfill messages gaps" == run["name"]
    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
    assert "chunk(s) read" in run["state"]["message"]


def _rows(stage: Stage, from_day: str, to_day: str) -> int:
    inside = f"created >= epoch(DATE '{from_day}') AND created < epoch(DATE '{to_day}')"
    ((rows,),) = stage.query(f"SELECT count(*) FROM customerio_raw.messages WHERE {inside}")
    return int(rows)


def _proven(stage: Stage, from_day: str, to_day: str) -> bool:
    """Checks if the coverage of one backfill is exactly those days."""
    ((proven,),) = stage.query(
        "SELECT count(*) FROM (SELECT min(start_at) AS first, max(end_at) AS last, "
        "sum(end_at - start_at + 1) AS seconds FROM customerio_raw.coverage GROUP BY backfill) "
        f"WHERE first = epoch(DATE '{from_day}') AND last = epoch(DATE '{to_day}') - 1 "
        "AND seconds = last - first + 1"
    )
    return int(proven) == 1


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of Debian's Chromium."""
    expect.set_options(timeout=PATIENCE_S * 1000)
    with launched(*FLAGS.split()) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        page.set_default_timeout(PATIENCE_S * 1000)
        yield page


def _open_form(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.ui}/deployments/deployment/{stage.deployment('backfill')['id']}/run")
    expect(page.get_by_text("First day", exact=False).first).to_be_visible()


def _field(page: Page, name: str) -> Any:
    return (
        page.locator(".schema-form-property")
        .filter(has=page.get_by_text(f"{name} (Optional)", exact=True))
        .last
    )


def _date(page: Page, name: str, day: str) -> None:
    _field(page, name).locator(".p-date-button__control").click()
    page.locator("input[type=date]").fill(day)
    page.get_by_role("button", name="Apply").click()


def _submitted(page: Page) -> str:
    """The run that Submit created; it is pressed again if the server asks for that.

    On SQLite a transaction of Prefect's server that read before another one wrote cannot write: it answers
    503, having done nothing, and the form stays as it was filled. The message that the page shows may lie
    over the button, so the keyboard presses it.
    """
    for _ in range(5):
        with page.expect_response(lambda answer: answer.url.endswith("/create_flow_run")) as answer:
            page.get_by_role("button", name="Submit").press("Enter")
        if answer.value.status != httpx.codes.SERVICE_UNAVAILABLE:
            break
    assert answer.value.ok, answer.value.text()
    return str(answer.value.json()["id"])
