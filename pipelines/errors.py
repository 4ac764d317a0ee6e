"""All errors of this project, grouped by what to do next.

    EltError
    ├── ConfigError            stop: change a setting, a name or a file; the message says which
    │   └── WrongUse           call it in another way: the message says how
    ├── CustomerioError        a call failed: `sources.customerio.client.errors` draws its branches
    ├── WarehouseError         repair the warehouse (disk, rights, a damaged file), then run it again
    │   └── FileHeld           close the program that has the file open
    ├── Busy                   wait: another run is writing this warehouse
    ├── ExportError            an export of Customer.io has no file to merge
    │   ├── ExportFailed       create it again: Customer.io failed to write it, or has deleted it
    │   ├── FileBroken         download it again; if that fails too, create it again
    │   └── StillPending       run again later: the next run uses the same export
    ├── PushError              a push was not started, or stopped
    │   ├── InvalidSpec        (a ConfigError) edit the file: the place in it is named
    │   ├── ModelFailed        (a ConfigError) edit the model: the message has DuckDB's error
    │   ├── PlanChanged        make a new plan: the model's result has changed since this one
    │   ├── LeaseHeld          (a Busy) wait: another process is running this push
    │   └── LeaseLost          do nothing: another process has taken over this push
    └── TransformFailed        correct the model or the rows that its test found; nothing was published

`cio-elt` ends with 2 for a ConfigError and with 1 for the others.
"""

from typing import TYPE_CHECKING

from sources.customerio.client import CustomerioError
from sources.errors import ConfigError, EltError

if TYPE_CHECKING:
    from pipelines.transform.building import Node

__all__ = [
    "Busy",
    "ConfigError",
    "CustomerioError",
    "EltError",
    "ExportError",
    "ExportFailed",
    "FileBroken",
    "FileHeld",
    "InvalidSpec",
    "LeaseHeld",
    "LeaseLost",
    "ModelFailed",
    "PlanChanged",
    "PushError",
    "StillPending",
    "TransformFailed",
    "WarehouseError",
    "WrongUse",
]


class WrongUse(ConfigError):
    """The command or its arguments cannot be used as given; the message gives the right form."""


class WarehouseError(EltError):
    """The warehouse could not be read or written."""


class FileHeld(WarehouseError):
    """Another program has the warehouse's file open."""


class Busy(EltError):
    """Another run is writing this warehouse, and did not end within the time to wait."""


class ExportError(EltError):
    """Base of the errors of exports."""


class ExportFailed(ExportError):
    """Customer.io failed to write the export, or has deleted it."""


class FileBroken(ExportError):
    """The file is cut off or no valid CSV, or its number of rows is not that of the export."""


class StillPending(ExportError):
    """Customer.io has not finished the file yet."""


class PushError(EltError):
    """Base of the errors of pushes."""


class InvalidSpec(PushError, ConfigError):
    """A declaration cannot be used."""


class ModelFailed(PushError, ConfigError):
    """A model cannot be run, or its result does not have what the declaration names."""


class PlanChanged(PushError):
    """The plan does not exist, or the model's result has changed since it was made."""


class LeaseHeld(PushError, Busy):
    """Another process is running this push."""


class LeaseLost(PushError):
    """Another process has taken the lease of this push, so this one stopped writing."""


class TransformFailed(EltError):
    """A model could not be built, or a test found rows that break its rule. Nothing was published.

    Attributes:
        nodes: The models and tests that were run, with their results.
    """

    def __init__(self, message: str, nodes: "list[Node]") -> None:
        super().__init__(message)
        self.nodes = nodes
