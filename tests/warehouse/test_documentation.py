"""dbt's documentation is one file that shows every table, column and metric, and needs no network."""

import hashlib
import stat
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser

from pipelines.transform.documentation import FILE, write_documentation
from sources.customerio.client import ConfigError
from tests.conftest import Warehouse

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def documented(marts: Warehouse) -> Path:
    """The page of the marts, written while another process's reader has the published file open."""
    published = marts.settings.published_file
    before = (published.stat().st_ino, hashlib.sha256(published.read_bytes()).digest())
    files = {path.name for path in marts.settings.cio_elt_data.iterdir()}
    # DuckDB would refuse a second process that opens the file to write.
    with duckdb.connect(published, read_only=True):
        page = write_documentation(marts.settings)
    assert before == (published.stat().st_ino, hashlib.sha256(published.read_bytes()).digest())
    assert {FILE} == {path.name for path in marts.settings.cio_elt_data.iterdir()} - files
    return page


def test_only_its_user_can_read_it(documented: Path) -> None:
    """The file is private, whatever the umask is."""
    assert 0o600 == stat.S_IMODE(documented.stat().st_mode)


def test_the_page_in_a_browser(documented: Path, chromium: Browser) -> None:
    """Tables, columns, metrics and their graph are shown, without a request or a message on the console."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(180_000)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.append(request.url))
    address = documented.as_uri()

    page.goto(f"{address}#!/model/model.customerio.campaign_performance")
    page.locator("td", has_text="human_open_rate_low").wait_for()
    # The yml file of the mart does not describe this column: the database does.
    row = page.locator("tr", has=page.get_by_text("human_click_rate_denominator", exact=True)).first
    assert "clicked by a person / reached" in str(row.text_content())
    icons = page.evaluate("document.querySelectorAll('use[href=\"#icn-doc\"]').length")
    assert icons > 10

    page.goto(f"{address}#!/metric/metric.customerio.human_open_rate")
    page.get_by_role("link", name="human_open_rate_denominator", exact=True).first.wait_for()
    page.goto(f"{address}#!/semantic_model/semantic_model.customerio.fct_delivery?g_v=1")
    page.locator("h1", has_text="fct_delivery").wait_for()
    page.locator("#graph-viz-container, .graph-viz, canvas").first.wait_for(state="attached")

    assert [address] == [line for line in told if not line.startswith("data:")]
    refused = page.evaluate(
        "new Promise(tell => { document.addEventListener('securitypolicyviolation',"
        " event => tell(event.effectiveDirective)); fetch('https://example.com').catch(() => {}) })"
    )
    assert "connect-src" == refused


def test_without_marts_the_command_for_them_is_named(warehouse: Warehouse) -> None:
    """A warehouse that is not there, or has no marts, is refused; the message names the next command."""
    with pytest.raises(ConfigError, match="There is no warehouse"):
        write_documentation(warehouse.settings)
    warehouse.sync("segments")
    with pytest.raises(ConfigError, match=r"has no marts\. Run .*cio-elt transform"):
        write_documentation(warehouse.settings)
    assert not list(warehouse.settings.cio_elt_data.glob("*.html"))
