"""What becomes of deliveries that calls make: drawn by the world, which knows the odds."""

from collections.abc import Callable, Sequence

import numpy as np

from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.deliveries import METRIC, METRICS

Fates = Callable[[Array, Sequence[str], Array], tuple[Array, Array]]
"""(when each leaves, its channel, its number) to the instants of its metrics and its reason of failure."""


def prompt(leaves: Array, channels: Sequence[str], numbers: Array) -> tuple[Array, Array]:  # noqa: ARG001
    """The fates of a workspace without a world: all is sent and delivered, and nobody opens it."""
    metrics = np.zeros((len(leaves), len(METRICS)), dtype=np.uint32)
    metrics[:, METRIC["sent"]] = leaves + 1
    metrics[:, METRIC["delivered"]] = leaves + 2
    return metrics, np.zeros(len(leaves), dtype=np.uint8)
