"""Changed rows tell of the parents that they name."""

from typing import Any

import pyarrow as pa

from sources.customerio.catalogue import RESOURCES, resource
from sources.customerio.extract.told_paths import columns_told, told_paths


def test_deliveries_tell_of_their_parents() -> None:
    """A changed delivery tells of its campaign and action; of their links only if it has a click."""
    row = resource("messages")
    ids = sorted({name for each in RESOURCES if each.changes_with for name in columns_told(each)})
    deliveries: list[dict[str, Any]] = [
        {"campaign_id": 1, "action_id": 7, "metrics": '{"sent":1}'},
        {"campaign_id": 2, "action_id": 8, "metrics": '{"sent":1,"clicked":2}'},
        {"transactional_message_id": 3, "metrics": None},
    ]
    cells = {name: pa.array([each.get(name) for each in deliveries], pa.int64()) for name in ids}
    changed = pa.table({**cells, "metrics": [each["metrics"] for each in deliveries]})
    told = dict(told_paths(row, changed))

    assert {(1,), (2,)} == told["campaign_metrics"]
    assert {(1, 7), (2, 8)} == told["campaign_action_metrics"]
    assert {(2, 8)} == told["campaign_action_link_metrics"]
    assert {(3,)} == told["transactional_metrics"]
    assert set() == told["newsletter_metrics"]


def test_every_rule_can_be_told() -> None:
    """The table that tells has the columns that name the parent."""
    for row in RESOURCES:
        rule = row.changes_with
        if rule and rule.rows_of:
            assert set(columns_told(row)) <= set(resource(rule.rows_of).columns), row.table
