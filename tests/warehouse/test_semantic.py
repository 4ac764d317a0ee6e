"""The metrics of the semantic models: MetricFlow asks each of them, and each equals its mart."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence

import pytest

from pipelines.transform.dbt import PROJECT
from pipelines.transform.macro_values import macro_value
from pipelines.transform.semantic_models import MARTS, REVENUE, document, rates
from tests.conftest import Warehouse
from tests.warehouse.metrics import COUNTS, OF_DELIVERIES, RATES, Metrics, asking, compare

pytestmark = pytest.mark.proof

DAYS = 30
JOURNEYS = {
    **{name: name for name in macro_value("journeys", "journey_counts")},
    "converted": "journeys_converted",
    **{name: name for name, *_ in macro_value("journeys", "journey_shares")},
}
"""The metrics of journeys, by the mart's column."""
CHANNELS = ("can_email", "can_sms", "can_push")
PERFORMANCE = " UNION ALL BY NAME ".join(
    f"SELECT *, '{name}' AS source_type FROM {name}_performance"
    for name in ("campaign", "broadcast", "newsletter", "transactional")
)


@pytest.fixture(scope="module")
def metrics(marts: Warehouse) -> Iterator[Metrics]:
    """The metrics of the tiny workspace."""
    with asking(marts.settings) as metrics:
        yield metrics


def _last_days(
    metrics: Metrics, table: str, day: str = "day", among: str = "true"
) -> tuple[dt.date, dt.date]:
    """The last `DAYS` days of a mart, up to its newest one."""
    [[last]] = metrics.connection.execute(f"SELECT max({day}) FROM {table} WHERE {among}").fetchall()
    return last - dt.timedelta(days=DAYS - 1), last


def _same(names: Sequence[str]) -> dict[str, str]:
    return {name: name for name in names}


def _sums(columns: Sequence[str]) -> str:
    return ", ".join(f"sum({name}) AS {name}" for name in columns)


def test_deliveries_by_day(metrics: Metrics) -> None:
    """Each count and rate by day, channel and kind of sender is that of `channel_daily`, and in total."""
    days = _last_days(metrics, "channel_daily", among="clock = 'cohort'")
    within = f"FROM channel_daily WHERE clock = 'cohort' AND day BETWEEN '{days[0]}' AND '{days[1]}'"
    by = ("metric_time__day", "delivery__channel", "delivery__source_type")
    expected = metrics.rows(f"SELECT * {within}", ("day", "channel", "source_type"))
    assert len({day for day, *_ in expected}) > DAYS // 2

    compare(metrics.ask(OF_DELIVERIES, by, days), expected, _same(OF_DELIVERIES))

    parts = [name for name in OF_DELIVERIES if name not in RATES]
    shares = ", ".join(
        f"CASE WHEN sum({rate['name']}_denominator) >= {rate.get('least', 1)} "
        f"THEN sum({rate['name']}_numerator) / sum({rate['name']}_denominator) END AS {rate['name']}"
        for rate in rates()
    )
    for by_day in ((), ("day",)):
        grouped = f"GROUP BY {by_day[0]}" if by_day else ""
        selected = ", ".join((*by_day, _sums(parts), shares))
        compare(
            metrics.ask(OF_DELIVERIES, ("metric_time__day",) if by_day else (), days),
            metrics.rows(f"SELECT {selected} {within} {grouped}", by_day),
            _same(OF_DELIVERIES),
        )


def test_deliveries_by_sender(metrics: Metrics) -> None:
    """Each count and rate of each campaign, broadcast, newsletter and so on, and the number of its people."""
    named = (*OF_DELIVERIES, "people")
    found = metrics.ask(
        named,
        ("delivery__source_type", "delivery__parent_id"),
        where=["{{ Dimension('delivery__parent_id') }} is not null"],
    )
    expected = metrics.rows(PERFORMANCE, ("source_type", "parent_id"))

    compare(found, expected, _same(named))
    # Each rate must occur, or the comparison shows nothing.
    assert all(any(row[rate] is not None for row in expected.values()) for rate in RATES)


def test_deliveries_by_message_and_domain(metrics: Metrics) -> None:
    """Dimensions of the message are joined: the message's counts and rates, and those of domains by day."""
    compare(
        metrics.ask(OF_DELIVERIES, ("message", "message__name")),
        metrics.rows(
            "SELECT *, name AS message__name FROM message_performance", ("message_key", "message__name")
        ),
        _same(OF_DELIVERIES),
    )
    days = _last_days(metrics, "deliverability_domain_daily")
    shown = ("sent", "delivered", "bounced", "deferred", "dropped", "spammed", "delivery_rate", "bounce_rate")
    found = metrics.ask(
        (*shown, "loss_rate", "spam_rate", "human_open_rate"),
        ("metric_time__day", "delivery__recipient_domain", "message__sending_domain"),
        days,
        ["{{ Dimension('delivery__channel') }} = 'email'"],
    )
    compare(
        {tuple(cell or "unknown" for cell in key): row for key, row in found.items()},
        metrics.rows(
            f"FROM deliverability_domain_daily WHERE day BETWEEN '{days[0]}' AND '{days[1]}'",
            ("day", "recipient_domain", "sending_domain"),
        ),
        _same((*shown, "loss_rate", "spam_rate", "human_open_rate")),
    )


def test_events_by_day(metrics: Metrics) -> None:
    """Events count on the day on which they happened, as on the event's clock of `channel_daily`."""
    days = _last_days(metrics, "channel_daily", among="clock = 'event'")
    columns = [name for name in COUNTS if name not in ("deliveries", "reached")]
    by = ("metric_time__day", "event_day__channel", "event_day__source_type", "event_day__metric")
    found = metrics.ask(("happened", "events"), by, days)
    expected = metrics.rows(
        f"UNPIVOT (SELECT day, channel, source_type, deliveries AS created, {', '.join(columns)} "
        f"FROM channel_daily WHERE clock = 'event' AND day BETWEEN '{days[0]}' AND '{days[1]}') "
        f"ON created, {', '.join(columns)} INTO NAME metric VALUE happened",
        ("day", "channel", "source_type", "metric"),
    )

    known = {key: row for key, row in found.items() if key[3] in {"created", *columns} and row["happened"]}
    compare(known, {key: row for key, row in expected.items() if row["happened"]}, {"happened": "happened"})
    assert all(row["happened"] <= row["events"] for row in found.values())
    events = "SELECT count(*) AS events FROM fct_delivery_event"
    compare(metrics.ask(("events",)), metrics.rows(events), {"events": "events"})


def test_journeys_by_day(metrics: Metrics) -> None:
    """The counts and shares of journeys are those of `journey_funnel_daily`, by day and in total."""
    days = _last_days(metrics, "journey_funnel_daily")
    within = f"FROM journey_funnel_daily WHERE day BETWEEN '{days[0]}' AND '{days[1]}'"
    by = ("metric_time__day", "journey_day__campaign_id", "journey_day__campaign_name")
    expected = metrics.rows(within, ("day", "campaign_id", "campaign_name"))
    assert len({day for day, *_ in expected}) > DAYS // 2

    compare(metrics.ask(list(JOURNEYS.values()), by, days), expected, JOURNEYS)

    counts = macro_value("journeys", "journey_counts")
    shares = ", ".join(
        f"sum({numerator}) / nullif(sum({denominator}), 0) AS {name}"
        for name, numerator, denominator in macro_value("journeys", "journey_shares")
    )
    total = metrics.rows(f"SELECT {_sums(counts)}, {shares} {within}")
    compare(metrics.ask(list(JOURNEYS.values()), (), days), total, JOURNEYS)


def test_revenue_by_day(metrics: Metrics) -> None:
    """The amounts of events are those of `revenue_daily`, by day and event, and in total."""
    days = _last_days(metrics, "revenue_daily")
    within = f"FROM revenue_daily WHERE day BETWEEN '{days[0]}' AND '{days[1]}'"
    expected = metrics.rows(within, ("day", "event_name"))
    assert len({day for day, *_ in expected}) > DAYS // 3

    compare(
        metrics.ask(REVENUE, ("metric_time__day", "revenue_day__event_name"), days), expected, _same(REVENUE)
    )
    compare(metrics.ask(REVENUE, (), days), metrics.rows(f"SELECT {_sums(REVENUE)} {within}"), _same(REVENUE))


def test_people(metrics: Metrics) -> None:
    """People, and those who may be written to, by day of creation and by stage, as in `person_360`."""
    named = ("people_known", *CHANNELS)
    columns = "count_if(NOT is_deleted) AS people_known, " + ", ".join(
        f"count_if({name}) AS {name}" for name in CHANNELS
    )
    for by, column in (
        ("metric_time__day", "created_at::DATE"),
        ("person__lifecycle_stage", "lifecycle_stage"),
    ):
        expected = metrics.rows(f"SELECT {column} AS key, {columns} FROM person_360 GROUP BY ALL", ("key",))
        compare(metrics.ask(named, (by,)), expected, _same(named))
    compare(metrics.ask(named), metrics.rows(f"SELECT {columns} FROM person_360"), _same(named))


def test_each_dimension_divides_the_whole(metrics: Metrics) -> None:
    """The deliveries by any dimension, those of messages and people too, add up to all deliveries."""
    [total] = [row["deliveries"] for row in metrics.ask(("deliveries",)).values()]
    entities = {"fct_delivery": "delivery", "dim_message": "message", "person_360": "person"}
    names = [
        f"{entities[mart.table]}__{one['name']}{'__day' if one['type'] == 'time' else ''}"
        for mart in MARTS
        if mart.table in entities
        for one in document(mart)["semantic_models"][0]["dimensions"]
    ]
    assert len(names) > 15

    for name in names:
        rows = metrics.ask(("deliveries",), (name,)).values()
        assert total == sum(row["deliveries"] for row in rows), name


def test_each_metric_is_compared(metrics: Metrics) -> None:
    """The metrics of the manifest are those of the tests above, and no other."""
    compared = {*OF_DELIVERIES, *JOURNEYS.values(), *CHANNELS, *REVENUE, "events", "happened"}
    compared |= {"people", "people_known"}
    assert compared == metrics.names


def test_the_example_of_the_page(metrics: Metrics) -> None:
    """The query that the page shows has an answer, and the page names each entity and its dimensions."""
    page = (PROJECT / "README.md").read_text("utf-8")
    query = re.search(r"^mf query --metrics (\S+) --group-by (\S+)$", page, flags=re.MULTILINE)
    assert query is not None
    named, by = (part.split(",") for part in query.groups())

    rows = metrics.ask(named, by)
    assert sum(row["sent"] for row in rows.values()) == next(iter(metrics.ask(["sent"]).values()))["sent"]
    entities = {name for mart in MARTS for name in (*mart.entities, mart.row) if name}
    assert entities == set(re.findall(r"^\| `(\w+)` \|.*\|.*\|$", _section(page), flags=re.MULTILINE))


def _section(page: str) -> str:
    return page.partition("\n## Metrics\n")[2].partition("\n## ")[0]
