"""Outcomes of deliveries that API calls create: metrics and failures, drawn at random by the world."""

from collections.abc import Callable, Sequence

import numpy as np

from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.deliveries import METRIC, METRICS

DrawOutcomes = Callable[[Array, Sequence[str], Array], tuple[Array, Array]]
"""(when each is sent, its channel, its `seq`) to the instants of its metrics and its index in `FAILURES`."""


def always_delivered(leaves: Array, channels: Sequence[str], numbers: Array) -> tuple[Array, Array]:  # noqa: ARG001
    """Outcomes without a generated world: every delivery is sent and delivered, none is opened."""
    metrics = np.zeros((len(leaves), len(METRICS)), dtype=np.uint32)
    metrics[:, METRIC["sent"]] = leaves + 1
    metrics[:, METRIC["delivered"]] = leaves + 2
    return metrics, np.zeros(len(leaves), dtype=np.uint8)
