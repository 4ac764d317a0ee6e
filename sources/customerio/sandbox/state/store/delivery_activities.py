"""Activities of deliveries: one for each metric that a delivery reaches, such as `opened_email`."""

from collections.abc import Mapping

import numpy as np

from sources.customerio.sandbox.clock import DAY
from sources.customerio.sandbox.state.store.activities import Activities
from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.deliveries import METRICS, SEQ_GAP_BITS, Deliveries, Source

# The activity types that exist: `METRIC_CHANNEL`. Human and prefetch metrics have none of their own [spec25].
_CHANNELS = {
    "attempted": ("email", "in_app", "push", "slack", "twilio", "webhook"),
    "bounced": ("email", "push", "twilio"),
    "clicked": ("email", "in_app", "push", "twilio", "webhook"),
    "converted": ("email", "in_app", "slack", "twilio", "webhook"),
    "deferred": ("email", "in_app", "push", "slack", "twilio", "webhook"),
    "delivered": ("email", "push", "twilio"),
    "drafted": ("email", "in_app", "push", "slack", "twilio", "webhook"),
    "dropped": ("email", "push", "twilio", "webhook"),
    "failed": ("email", "in_app", "push", "slack", "twilio", "webhook"),
    "opened": ("email", "in_app", "push"),
    "sent": ("email", "in_app", "push", "slack", "twilio", "webhook"),
    "spammed": ("email",),
    "topic_unsubscribed": ("email",),
    "undeliverable": ("email", "in_app", "push", "slack", "twilio", "webhook"),
    "unsubscribed": ("email",),
}
_LATE_SHARE, _LATE_S = 0.02, 5400
# The latest that a metric is reached: opens after up to 6 months, conversions up to 90 days after an open.
_LATEST_METRIC_S = 300 * DAY


class DeliveryActivities:
    """Derives activities from the planned metrics of deliveries."""

    def __init__(self, deliveries: Deliveries, activities: Activities) -> None:
        self._deliveries = deliveries
        self._activities = activities
        self._types = np.zeros((0, len(METRICS)), dtype=np.int64)

    def of_day(self, begins: int, ends: int) -> Mapping[str, Array]:
        """The activities of one day, `begins` included and `ends` not, as columns."""
        first = int(np.searchsorted(self._deliveries.columns["created"], begins - _LATEST_METRIC_S))
        return self.of_rows(slice(first, len(self._deliveries)), begins, ends)

    def of_rows(self, rows: slice, begins: int, ends: int) -> Mapping[str, Array]:
        """The activities of those deliveries from `begins` up to `ends`, excluded."""
        known = self._deliveries.sources[len(self._types) :]
        self._types = np.concatenate([self._types, *(self._codes(source) for source in known)])
        columns = self._deliveries.columns
        metrics, source = columns["metrics"][rows], columns["source"][rows]
        found, names = np.nonzero((metrics >= begins) & (metrics < ends))
        types = self._types[source[found], names]
        found, names, types = found[types >= 0], names[types >= 0], types[types >= 0]
        seq = columns["seq"][rows][found]
        at = metrics[found, names].astype(np.int64)
        # Lateness follows from the delivery alone, so that a day is the same whenever it is planned.
        number = (seq >> SEQ_GAP_BITS) + (seq & ((1 << SEQ_GAP_BITS) - 1))
        spread = ((number * 2654435761 + names * 40503) % 1000) / 1000
        return {
            "timestamp": at,
            "arrived": at + np.where(spread < _LATE_SHARE, _LATE_S, 1),
            "uid": (seq << 5) | names,
            "person": columns["person"][rows][found],
            "type": types,
            "name": np.full(len(found), -1),
            "delivery": seq,
        }

    def _codes(self, source: Source) -> Array:
        """Activity type codes of a source by metric; -1 where there is no such type."""
        return np.array(
            [
                [
                    self._activities.type_code(f"{metric}_{source.channel}")
                    if source.channel in _CHANNELS.get(metric, ())
                    else -1
                    for metric in METRICS
                ]
            ]
        )
