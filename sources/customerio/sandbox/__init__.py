"""A stateful sandbox of Customer.io on loopback, for the demo, for tests and for trying your own code.

    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as served:
        ...  # served.app_url, sandbox.app_api_key

Layers: `state` (the workspace and its rules), `world` (plans all changes from a seed and a scale), `faults`
(faults, knobs and limits), `wire` (HTTP, by the catalogue's operations).
"""

from sources.customerio.sandbox.account import Account
from sources.customerio.sandbox.clock import Clock
from sources.customerio.sandbox.faults.fault import Fault
from sources.customerio.sandbox.faults.knobs import Knobs
from sources.customerio.sandbox.sandbox import DEFAULT_START, Sandbox
from sources.customerio.sandbox.serve import Served
from sources.customerio.sandbox.state.store.errors import Refused
from sources.customerio.sandbox.stats import LoggedRequest, Stats
from sources.customerio.sandbox.world.scale import SCALES, Scale

__all__ = [
    "DEFAULT_START",
    "SCALES",
    "Account",
    "Clock",
    "Fault",
    "Knobs",
    "LoggedRequest",
    "Refused",
    "Sandbox",
    "Scale",
    "Served",
    "Stats",
]
