"""The ages of deliveries that are read again are a setting, and their late metrics are counted."""

import orjson
import pytest

from pipelines.ingest.bands import LateMetrics, bands_of, late_metrics
from pipelines.settings import Settings, read_settings
from pipelines.times import DAY, HOUR
from pipelines.warehouse.queries import Query
from sources.customerio.extract import BANDS, Band
from tests.conftest import Warehouse
from tests.pipelines.conftest import Shell

NOW = 1_790_000_000
TWO = (Band(max_age_s=DAY, every_s=0), Band(max_age_s=7 * DAY, every_s=DAY))
MADE = NOW - 20 * DAY
"""A delivery that is past the older age of these two."""


@pytest.fixture
def deliveries(query: Query) -> Query:
    """Queries of a warehouse with a table of deliveries, which is empty."""
    query("CREATE SCHEMA customerio_raw")
    query("CREATE TABLE customerio_raw.messages (created BIGINT, metrics JSON)")
    return query


def note(query: Query, created: int, **metrics: int) -> None:
    """Add a delivery; its metrics came so many seconds later."""
    moments = {name: created + age for name, age in metrics.items()}
    query(f"INSERT INTO customerio_raw.messages VALUES ({created}, '{orjson.dumps(moments).decode()}')")


def test_the_default_is_that_of_the_source() -> None:
    """The setting's description says it in the words that the setting takes."""
    described = str(Settings.model_fields["customerio_bands"].description)
    default = described.partition("default `")[2].rstrip("`")

    assert BANDS == bands_of(read_settings()) == bands_of(read_settings(customerio_bands=default))


def test_they_are_written_as_ages_with_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The youngest is read at each sync, and so has no interval."""
    monkeypatch.setenv("CUSTOMERIO_BANDS", "1d, 7d / 24h")

    assert TWO == bands_of(read_settings())


@pytest.mark.parametrize(
    ("text", "said"),
    [("1d/1h,7d/1d", "without one"), ("7d,1d/1h", "do not rise"), ("1d,week/1d", "'week' is not a length")],
)
def test_others_are_refused_with_an_example(shell: Shell, text: str, said: str) -> None:
    """A setting and an option are refused alike."""
    shell.refused(shell.run("sync", CUSTOMERIO_BANDS=text), 2, "CUSTOMERIO_BANDS", said, "1d")
    shell.refused(shell.run("plan", "--bands", text), 2, "CUSTOMERIO_BANDS", said, "1d")


@pytest.mark.proof
def test_a_sync_reads_those_ages_again(warehouse: Warehouse) -> None:
    """With one age there is one window at the next sync, and no request for older deliveries."""
    settings = warehouse.settings.model_copy(update={"customerio_bands": ((HOUR, 0),)})
    one = Warehouse(warehouse.sandbox, warehouse.served, settings)
    one.sync("messages")
    warehouse.sandbox.clock.advance(40 * DAY)
    few = one.sync("messages").requests
    warehouse.sandbox.clock.advance(HOUR)
    fewest = one.sync("messages").requests

    assert 1 == fewest < few
    assert fewest < warehouse.sync("messages").requests


def test_late_metrics_are_those_after_the_youngest_age(deliveries: Query) -> None:
    """The delay is half the interval of a metric's age, and what comes past the oldest age is not found."""
    note(deliveries, MADE, sent=1, opened=HOUR, clicked=2 * DAY, converted=6 * DAY)
    note(deliveries, MADE, sent=1, opened=9 * DAY)
    note(deliveries, NOW - DAY, sent=1, opened=5 * DAY)

    assert LateMetrics(seen=3, found=2 / 3, delay_s=DAY / 2) == late_metrics(deliveries, TWO, NOW)


def test_without_late_metrics_there_is_no_share(deliveries: Query) -> None:
    """Deliveries that are too young, or had all their metrics at once, say nothing."""
    note(deliveries, MADE, sent=1, opened=HOUR)
    note(deliveries, NOW, sent=1)

    assert LateMetrics(seen=0) == late_metrics(deliveries, TWO, NOW)
    only_later = [Band(max_age_s=DAY, every_s=0)]
    note(deliveries, NOW - 2 * DAY, opened=2 * DAY - 1)
    assert LateMetrics(seen=1, found=0.0) == late_metrics(deliveries, only_later, NOW)


@pytest.mark.proof
def test_status_has_them(shell: Shell) -> None:
    """As a sentence, and in the document."""
    shell.run("sync", "messages")

    late = shell.run("status", "--json").document["late_metrics"]

    assert late["seen"] > 0
    assert late["found"] > 0.99
    assert f"syncs find {late['found']:.1%}" in shell.run("status").out
