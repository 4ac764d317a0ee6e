"""What can go wrong with a push, by what to do next.

CustomerioError
├── DeclarationWrong    (a ConfigError) edit the file: the place in it is named
├── ModelFailed         (a ConfigError) edit the model: DuckDB's words are passed on
├── PlanChanged         look at a new plan: what it would send is no longer what was planned
├── LeaseHeld           (a Busy) wait: another process pushes this sync
└── LeaseLost           leave it: another process has taken this sync over
"""

from pipelines.warehouse.publish import Busy
from sources.customerio.client import ConfigError, CustomerioError


class InvalidSpec(ConfigError):
    """A declaration cannot be used."""


class ModelFailed(ConfigError):
    """A model cannot be run, or its result does not have what the declaration names."""


class PlanChanged(CustomerioError):
    """There is no such plan, or the model's result has changed since it was made."""


class LeaseHeld(Busy):
    """Another process pushes this sync at this moment."""


class LeaseLost(CustomerioError):
    """Another process has taken this sync over, so this one writes nothing more."""
