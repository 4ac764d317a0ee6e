"""`demo`: a synced workspace, and on the next run only the changes of one day."""

import re

import pytest

from pipelines.demo import demo
from pipelines.settings import read_settings
from sources.customerio import resources_named
from sources.customerio.catalogue import GROUPS
from sources.customerio.client import ConfigError
from sources.customerio.extract import RunSummary
from tests.pipelines.conftest import Shell


@pytest.mark.proof
def test_a_run_shows_what_arrived_and_the_next_ones_what_changed(shell: Shell) -> None:
    """The first run writes all rows, the second the changes of a day, a third without a day none."""
    # A user's own keys and destination play no part.
    first = shell.run("demo", "--scale", "tiny", CUSTOMERIO_APP_API_KEY="x", CIO_ELT_DESTINATION="postgres")
    second = shell.run("demo", "--json")
    third = shell.run("demo", "--advance-days", "0", "--json")

    assert [0, 0, 0] == [first.code, second.code, third.code], first.err + second.err + third.err
    _assert_readable(shell, first.out)
    assert "Starting a workspace ..." in first.err
    assert "1 day after the last run" in second.err
    assert {row.table for row in resources_named([])} == set(second.document["rows"])
    held = sum(second.document["rows"].values())
    assert 0 < second.document["sync"]["written"] < held / 2
    assert 0 == third.document["sync"]["written"]
    assert second.document["now"] == third.document["now"]
    assert second.document["rows"] == third.document["rows"]
    told = shell.run("status", CIO_ELT_DATA=str(shell.data / "demo"))
    assert f"workspace {next(iter(shell.sandbox.rows('workspaces')))['id']} (Production)." in told.out


def _assert_readable(shell: Shell, out: str) -> None:
    """One screen: what arrived in groups, campaigns with rates up to 100 %, and how to open the file."""
    assert len(out.splitlines()) <= 22
    for name in (*GROUPS, *(row["name"] for row in shell.sandbox.rows("campaigns"))):
        assert f"\n{name} " in f"\n{out}"
    assert re.search(r"campaign +sent +delivered +opened +clicked +converted", out)
    rates = [float(rate) for rate in re.findall(r" ([\d.]+)%", out)]
    assert 10 < len(rates)
    assert max(rates) <= 100
    assert "Within Customer.io's limit of 10 requests a second, they would take " in out
    assert f"duckdb -readonly {shell.data / 'demo' / 'customerio.duckdb'}" in out


def test_another_scale_needs_a_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another scale in the same folder is refused; the message says how to start over."""
    monkeypatch.setenv("CIO_ELT_DATA", "data")
    settings = read_settings()
    folder = settings.cio_elt_data / "demo"
    folder.mkdir(parents=True)
    (folder / "demo.json").write_text('{"scale": "tiny", "passed_s": 0}')

    with pytest.raises(ConfigError, match="--reset"):
        demo(
            settings,
            scale="demo",
            advance_days=None,
            reset=False,
            summary=RunSummary(),
            notify=lambda _: None,
        )
