"""The metrics of deliveries, a row each: name, meaning, and the parts of the API that have it.

The seed `warehouse/seeds/delivery_metrics.csv`, the sandbox, the export's columns and the reconciliation are
written from these rows; the lists in SQL are tested against them.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Stage = Literal["created", "sending", "reaction", "returned", "lost"]
"""The part of a delivery's life; see `DeliveryMetric`."""
Actor = Literal["person", "machine"]
"""The author of a reaction."""


@dataclass(frozen=True, kw_only=True)
class DeliveryMetric:
    """One metric: an instant in a delivery's life.

    Attributes:
        name: The name in the API.
        label: The name in charts and tables.
        meaning: A sentence about a delivery with this metric.
        stage: `created` before anything is sent; `sending` on its way; `reaction` of the recipient;
            `returned` by the receiving side; `lost` if it never left.
        of: The metric that this one is a part of; None if it is a whole.
        actor: The author of the reaction, a person or a machine; None where Customer.io does not distinguish them.
        since: The first day (of the delivery's creation, UTC) from which the actor is known.
        in_delivery: True if it is a key of a delivery's `metrics`, and so a filter and a column of exports
            [live-airbyte].
        in_series: True if the metrics calls have a series of that name [spec25].
        counted_from: The metrics of which a delivery needs one to be counted in that series, its own name by
            default; empty where the numbers of the series are not those of deliveries.
    """

    name: str
    label: str
    meaning: str
    stage: Stage
    of: str | None = None
    actor: Actor | None = None
    since: date | None = None
    in_delivery: bool = True
    in_series: bool = True
    counted_from: tuple[str, ...] | None = None

    @property
    def counts(self) -> tuple[str, ...]:
        """The metrics of which a delivery needs one to be counted in the series; empty without a series."""
        if not self.in_series:
            return ()
        return (self.name,) if self.counted_from is None else self.counted_from

    @property
    def terminal(self) -> bool:
        """True if a delivery with this metric gets no further one."""
        return self.stage in ("returned", "lost")


_OPENS, _CLICKS = date(2025, 3, 20), date(2025, 4, 20)

# fmt: off
DELIVERY_METRICS: tuple[DeliveryMetric, ...] = (
    DeliveryMetric(name="created", label="Created", stage="created", meaning="Customer.io made the delivery, to send it or as a draft.", in_delivery=False, counted_from=()),
    DeliveryMetric(name="attempted", label="Attempted", stage="sending", meaning="Sending failed and is tried again [wh26]."),
    DeliveryMetric(name="sent", label="Sent", stage="sending", meaning="Handed to the provider."),
    DeliveryMetric(name="deferred", label="Deferred", stage="sending", meaning="The receiving side put it off; the provider tries again."),
    DeliveryMetric(name="delivered", label="Delivered", stage="sending", meaning="The provider confirmed the arrival."),
    DeliveryMetric(name="secondary:delivered", label="Delivered through a second way", stage="sending", meaning="The arrival was confirmed a second time, by another way.", in_series=False),
    DeliveryMetric(name="opened", label="Opened", stage="reaction", meaning="Opened, by a person or a machine."),
    DeliveryMetric(name="human_opened", label="Opened by a person", stage="reaction", meaning="Opened by a person.", of="opened", actor="person", since=_OPENS),
    DeliveryMetric(name="prefetch_opened", label="Opened by a machine", stage="reaction", meaning="Opened by a machine, such as a mail proxy.", of="opened", actor="machine", since=_OPENS),
    DeliveryMetric(name="clicked", label="Clicked", stage="reaction", meaning="A link in it was clicked, by a person or a machine."),
    DeliveryMetric(name="human_clicked", label="Clicked by a person", stage="reaction", meaning="A person clicked a link in it.", of="clicked", actor="person", since=_CLICKS),
    DeliveryMetric(name="prefetch_clicked", label="Clicked by a machine", stage="reaction", meaning="A machine followed a link in it, such as a link scanner.", of="clicked", actor="machine", since=_CLICKS),
    DeliveryMetric(name="converted", label="Converted", stage="reaction", meaning="The recipient met the goal of its campaign."),
    DeliveryMetric(name="replied", label="Replied", stage="reaction", meaning="The recipient replied.", in_series=False),
    DeliveryMetric(name="unsubscribed", label="Unsubscribed", stage="reaction", meaning="The recipient unsubscribed from it."),
    DeliveryMetric(name="topic_unsubscribed", label="Unsubscribed from a topic", stage="reaction", meaning="The recipient left its topic."),
    DeliveryMetric(name="spammed", label="Reported as spam", stage="reaction", meaning="The recipient reported it as spam."),
    DeliveryMetric(name="bounced", label="Bounced", stage="returned", meaning="The receiving side refused it."),
    DeliveryMetric(name="dropped", label="Dropped", stage="lost", meaning="Not sent: the address is suppressed, or the provider refused it.", in_series=False),
    DeliveryMetric(name="failed", label="Failed", stage="lost", meaning="It could not be made or sent."),
    DeliveryMetric(name="undeliverable", label="Undeliverable", stage="lost", meaning="There was no address, or the message limit was reached."),
    DeliveryMetric(name="suppressed", label="Suppressed", stage="lost", meaning="The name of `dropped` in series.", in_delivery=False, counted_from=("suppressed", "dropped")),
    DeliveryMetric(name="drafted", label="Drafted", stage="created", meaning="Kept as a draft instead of being sent.", counted_from=()),
)
"""Every metric, from creation to loss."""
# fmt: on

DELIVERY_METRIC_NAMES: tuple[str, ...] = tuple(row.name for row in DELIVERY_METRICS if row.in_delivery)
"""The keys of a delivery's `metrics` [live-airbyte]."""
