"""Every rate and metric at its edges, on both clocks: odd deliveries are loaded, built, and counted again."""

import math
import shutil
from collections import Counter
from typing import Any

import duckdb
import numpy as np
import orjson
import pandas as pd
import pytest

from pipelines.settings import Settings
from pipelines.transform import transform
from tests.conftest import Warehouse
from tests.warehouse import truth
from tests.warehouse.metrics import OF_DELIVERIES, asking, compare

pytestmark = pytest.mark.proof

SEED = 20_261_015
CHANNELS = ("email", "push", "twilio", "in_app", "webhook", "fax")
# Days before the sandbox's now: not mature for anything, for clicks, for conversions; then mature, and one
# between the days since which human opens and human clicks are known, and one before both.
AGES = (1, 5, 30, 200, 560, 600)
# That many deliveries for each channel and age: some are not sent, and 60 have 30 openers or more.
SIZES = {"email": 120, "push": 60, "twilio": 60, "in_app": 60, "webhook": 10, "fax": 4}


def _odd(now: int) -> list[dict[str, Any]]:
    """Deliveries with any events in any order, and for each channel a day without any event."""
    random = np.random.default_rng(SEED)
    rows = []
    for channel in CHANNELS:
        for age in AGES:
            rows += [_delivery(channel, now - age * truth.DAY, random) for _ in range(SIZES[channel])]
        for age in AGES:
            rows.append(_delivery(channel, now - (age + 2) * truth.DAY, None))
    for number, row in enumerate(rows):
        row["id"] = f"odd-{number}"
    return rows


def _delivery(channel: str, created: int, random: "np.random.Generator | None") -> dict[str, Any]:
    happened: dict[str, int] = {}
    if random is not None:
        usual = {"sent": 0.9, "delivered": 0.8, "opened": 0.7, "clicked": 0.5}
        for metric in truth.METRICS:
            if random.random() < usual.get(metric, 0.3):
                # Up to half a day early, so a click can precede its open, and an open the delivery.
                happened[metric] = created + int(random.integers(-truth.DAY // 2, 3 * truth.DAY))
        for act in ("open", "click"):
            if happened.keys() & {f"human_{act}ed", f"prefetch_{act}ed"}:
                happened.setdefault(f"{act}ed", created + 60)
    return {
        "type": channel,
        "created": created,
        "campaign_id": 1,
        "action_id": 100 + CHANNELS.index(channel),
        "recipient": "ada@example.com",
        "customer_identifiers": None,
        "forgotten": False,
        "metrics": happened,
    }


@pytest.fixture(scope="module")
def rows(marts: Warehouse) -> list[dict[str, Any]]:
    """Those deliveries."""
    return _odd(marts.sandbox.clock.now())


@pytest.fixture(scope="module")
def transformed(
    marts: Warehouse, rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """The settings of a warehouse that has them, with marts."""
    data = tmp_path_factory.mktemp("rates") / "data"
    shutil.copytree(marts.settings.cio_elt_data, data)
    settings = marts.settings.model_copy(update={"cio_elt_data": data})
    cells = [{**row, "metrics": orjson.dumps(row["metrics"]).decode()} for row in rows]
    with duckdb.connect(settings.load_file) as connection:
        connection.register("odd", pd.DataFrame(cells).drop(columns=["customer_identifiers"]))
        connection.execute(
            "DELETE FROM customerio_raw.messages; INSERT INTO customerio_raw.messages BY NAME "
            "SELECT * REPLACE (metrics::JSON AS metrics), '9999999999.0' AS _dlt_load_id FROM odd"
        )
    transform(settings)
    return settings


@pytest.fixture(scope="module")
def odd(rows: list[dict[str, Any]], transformed: Settings) -> tuple[pd.DataFrame, dict[Any, Any]]:
    """Those deliveries, and the rows of `channel_daily` that are made of them, by key."""
    with duckdb.connect(transformed.published_file, read_only=True) as connection:
        found = connection.execute("FROM channel_daily").df()
    found["day"] = (found.day - pd.Timestamp(0)).dt.days
    keyed = {
        (row["clock"], row["day"], row["channel"]): row
        for row in found.astype(object).where(found.notna(), None).to_dict("records")
    }
    assert len(keyed) == len(found)
    return truth.deliveries(rows), keyed


def test_no_rate_is_left_out(odd: tuple[pd.DataFrame, dict[Any, Any]]) -> None:
    """The rates of the marts are those that this module checks."""
    columns = next(iter(odd[1].values()))
    assert set(truth.RATES) == {
        name.removesuffix("_numerator") for name in columns if name.endswith("_numerator")
    }


@pytest.mark.parametrize("rate", truth.RATES)
def test_a_rate_at_its_edges(odd: tuple[pd.DataFrame, dict[Any, Any]], marts: Warehouse, rate: str) -> None:
    """Null without a denominator, with too few openers, and on the event's clock; exact everywhere else."""
    sent, found = odd
    expected = truth.told(sent, ["day", "channel"])
    mature = truth.mature(sent, ["day", "channel"], marts.sandbox.clock.now())
    cells = ("_numerator", "_denominator", "", "_low", "_high")

    assert {key for key in found if key[0] == "cohort"} == {("cohort", *key) for key in expected}
    for key, row in expected.items():
        cohort = found["cohort", *key]
        for name in (f"{rate}{cell}" for cell in cells):
            assert _equal(cohort[name], row[name]), (key, name, cohort[name], row[name])
        assert mature[key] == {name: cohort[name] for name in mature[key]}, key
    for key, row in found.items():
        assert key[0] == "cohort" or [None] * 5 == [row[f"{rate}{cell}"] for cell in cells], key

    # Each edge must occur, or the comparisons above show nothing.
    known = {key: row[rate] for key, row in expected.items()}
    assert any(row[f"{rate}_denominator"] == 0 and known[key] is None for key, row in expected.items())
    assert any(0 < value < 1 for value in known.values() if value is not None)
    if "click_to_open" in rate:
        assert any(row[f"{rate}_denominator"] > 0 and known[key] is None for key, row in expected.items())
    for what in ("open", "click", "conversion"):
        assert {True, False} == {mature[key][f"is_mature_{what}"] for key in known if known[key] is not None}


def test_metrics_at_their_edges(transformed: Settings) -> None:
    """The metrics of the semantic models equal the mart, also before people were told from machines."""
    with asking(transformed) as metrics:
        by = ("metric_time__day", "delivery__channel")
        expected = metrics.rows("FROM channel_daily WHERE clock = 'cohort'", ("day", "channel"))
        compare(metrics.ask(OF_DELIVERIES, by), expected, {name: name for name in OF_DELIVERIES})
    unknown = [row["human_opened"] is None for row in expected.values()]
    assert any(unknown) and not all(unknown)


def test_machines_are_no_people(odd: tuple[pd.DataFrame, dict[Any, Any]]) -> None:
    """Opens and clicks by machines alone count for Customer.io's rates and for no human rate."""
    sent, found = odd
    for act, since in (("open", "opens_known"), ("click", "clicks_known")):
        able = sent[sent.openable if act == "open" else sent.clickable]
        alone = able[able[since] & able[f"prefetch_{act}ed"].notna() & able[f"human_{act}ed"].isna()]
        assert len(alone) > 10
        for key, rows in truth.groups(alone, ["day", "channel"]):
            cohort = found["cohort", *key]
            left = cohort[f"{act}_rate_numerator"] - cohort[f"human_{act}_rate_numerator"]
            assert left >= len(rows), (act, key)


def test_what_happened_on_a_day(odd: tuple[pd.DataFrame, dict[Any, Any]]) -> None:
    """On the event's clock each metric counts on its own day, in any order of the metrics."""
    sent, found = odd
    happened: Counter[Any] = Counter()
    early = 0
    for row in truth.records(sent):
        for metric in truth.METRICS:
            at = getattr(row, metric)
            if not pd.isna(at):
                happened[at // truth.DAY, row.channel, metric] += 1
                early += at < row.created
        happened[row.day, row.channel, "deliveries"] += 1
    told = {
        (day, channel, metric): row[metric]
        for (clock, day, channel), row in found.items()
        if clock == "event"
        for metric in ("deliveries", *truth.METRICS)
        if row[metric]
    }

    assert early > 100
    assert dict(happened) == told


def _equal(cell: Any, value: Any) -> bool:
    if cell is None or value is None:
        return cell is value
    return math.isclose(cell, value, rel_tol=1e-9, abs_tol=1e-12)
