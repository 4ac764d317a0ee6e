"""Metrics that senders report about deliveries, and unsubscribes of recipients."""

from sources.customerio.catalogue import DELIVERY_METRICS
from sources.customerio.sandbox.state.store.deliveries import METRIC
from sources.customerio.sandbox.state.store.drop_reasons import Dropped
from sources.customerio.sandbox.state.store.track_operation import Op
from sources.customerio.sandbox.state.workspace import Workspace

# A device reports a person's action, not a mail server that checked the links.
_HUMAN = {row.of: row.name for row in DELIVERY_METRICS if row.actor == "person"}


def report_metric(workspace: Workspace, op: Op, at: int) -> str:
    """Set a metric of a delivery the first time that it is reported, and log its activity.

    Raises:
        Dropped: there is no such delivery.
    """
    position = _position(workspace, op["identifiers"]["id"])
    stamp = min(op.get("timestamp") or at, at)
    _set_metric(workspace, position, op["name"], stamp, at, op.get("attributes") or {})
    return ""


def unsubscribe(workspace: Workspace, op: Op, at: int) -> str:
    """Unsubscribe the recipient of a delivery, and set the delivery's metric `unsubscribed`.

    Raises:
        Dropped: there is no such delivery, or its recipient was removed.
    """
    position = _position(workspace, op["identifiers"]["id"])
    person = workspace.people.get(int(workspace.deliveries.columns["person"][position]))
    _set_metric(workspace, position, "unsubscribed", at, at, {})
    if person is None:
        msg = "the recipient of the delivery was removed"
        raise Dropped(msg)
    workspace.set_attributes(person, {"unsubscribed": "true"}, at)
    return ""


def _position(workspace: Workspace, delivery_id: str) -> int:
    seq = workspace.ids.seq(delivery_id)
    position = None if seq is None else workspace.deliveries.position(seq, workspace.now)
    if position is None:
        msg = "there is no such delivery"
        raise Dropped(msg)
    return position


def _set_metric(
    workspace: Workspace, position: int, metric: str, stamp: int, at: int, data: dict[str, object]
) -> None:
    columns = workspace.deliveries.columns
    metrics = columns["metrics"]
    if 0 < int(metrics[position, METRIC[metric]]) <= stamp:
        return
    for name in (metric, _HUMAN.get(metric, metric)):
        metrics[position, METRIC[name]] = stamp
    seq, channel = int(columns["seq"][position]), workspace.deliveries.sources[_source(workspace, position)]
    data = {"delivery_id": workspace.ids.of(seq), metric: stamp, **data}
    number = int(columns["person"][position])
    workspace.activities.append(f"{metric}_{channel.channel}", stamp, number, data, arrived=at, delivery=seq)


def _source(workspace: Workspace, position: int) -> int:
    return int(workspace.deliveries.columns["source"][position])
