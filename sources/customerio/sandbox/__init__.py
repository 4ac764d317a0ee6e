"""A faithful, stateful Customer.io on loopback, for the demo, for tests and for trying one's own code.

    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as served:
        ...  # served.app_url, sandbox.app_api_key

Layers: `state` (what there is, and its rules), `world` (what happens, from a seed and a scale), `faults`
(what to break), `wire` (HTTP, from the catalogue's operations).
"""

from sources.customerio.sandbox.clock import Clock
from sources.customerio.sandbox.faults.fault import Fault
from sources.customerio.sandbox.faults.knobs import Knobs
from sources.customerio.sandbox.sandbox import DEFAULT_START, Sandbox
from sources.customerio.sandbox.serve import Served
from sources.customerio.sandbox.state.store.errors import Refused
from sources.customerio.sandbox.stats import Seen, Stats
from sources.customerio.sandbox.world.scale import SCALES, Scale

__all__ = [
    "DEFAULT_START",
    "SCALES",
    "Clock",
    "Fault",
    "Knobs",
    "Refused",
    "Sandbox",
    "Scale",
    "Seen",
    "Served",
    "Stats",
]
