"""All errors of this project, grouped by what to do next.

    EltError
    ├── ConfigError            stop: change a setting, a name or a file; the message says which
    │   ├── WrongUse           call it in another way: the message says how
    │   └── WrongWorkspace     set the keys of one workspace, the data folder's: the message names both
    ├── CustomerioError        what a call met: see `sources.customerio.client.errors` for its branches
    ├── DeletionsHeld          accept them or sync again: more rows are missing than one reading may delete
    ├── WarehouseError         put the warehouse right: disk, rights, a damaged file; then run it again
    │   ├── FileHeld           close the program that has the file open
    │   └── LockLost           run it again: the server ended the session of the writer's lock
    ├── Busy                   wait: another run writes this warehouse
    ├── ExportError
    │   ├── ExportFailed       create it anew: Customer.io gave up, or no longer knows it
    │   ├── FileBroken         download it again, then create it anew: the file is not what the export says
    │   └── StillPending       continue later: the next run uses the same export
    ├── PushError
    │   ├── InvalidSpec        (a ConfigError) edit the file: the place in it is named
    │   ├── ModelFailed        (a ConfigError) edit the model: DuckDB's words are passed on
    │   ├── PlanChanged        look at a new plan: what it would send is no longer what was planned
    │   ├── LeaseHeld          (a Busy) wait: another process runs this push
    │   └── LeaseLost          leave it: another process has taken the lease of this push
    └── TransformFailed        correct the model or the rows that its test found; nothing was published

`cio-elt` ends with 2 for a ConfigError and with 1 for the others.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from sources.customerio.client import CustomerioError
from sources.errors import ConfigError, DeletionsHeld, EltError

__all__ = [
    "Busy",
    "ConfigError",
    "CustomerioError",
    "DeletionsHeld",
    "EltError",
    "ExportError",
    "ExportFailed",
    "FileBroken",
    "FileHeld",
    "InvalidSpec",
    "LeaseHeld",
    "LeaseLost",
    "LockLost",
    "ModelFailed",
    "PlanChanged",
    "PushError",
    "StillPending",
    "TransformFailed",
    "WarehouseError",
    "WrongUse",
    "WrongWorkspace",
]


class WrongUse(ConfigError):
    """The arguments make no request; the message names the right ones."""


class WrongWorkspace(ConfigError):
    """The keys are of another workspace than the data folder, or of two workspaces."""


class WarehouseError(EltError):
    """The warehouse could not be read or written."""


class FileHeld(WarehouseError):
    """Another program has the warehouse's file open."""


class LockLost(WarehouseError):
    """The session of the writer's lock ended, so this run writes nothing more."""


class Busy(EltError):
    """Another run is writing this warehouse, and continued for longer than this one was to wait."""


class ExportError(EltError):
    """Base of the errors of exports."""


class ExportFailed(ExportError):
    """Customer.io could not make the export, or no longer knows it."""


class FileBroken(ExportError):
    """The file is cut, ragged, no CSV, or has another number of rows than the export says."""


class StillPending(ExportError):
    """The file is not there yet."""


class PushError(EltError):
    """Base of the errors of pushes."""


class InvalidSpec(PushError, ConfigError):
    """A declaration cannot be used."""


class ModelFailed(PushError, ConfigError):
    """A model cannot be run, or its result does not have what the declaration names."""


class PlanChanged(PushError):
    """There is no such plan, or the model's result has changed since it was made."""


class LeaseHeld(PushError, Busy):
    """Another process runs this push at this moment."""


class LeaseLost(PushError):
    """Another process has taken the lease of this push, so this one writes nothing more."""


class TransformFailed(EltError):
    """A model could not be built, or a test found rows that must not be there. Nothing was published.

    Attributes:
        nodes: The `Node` of each model and test that failed.
    """

    def __init__(self, message: str, nodes: Sequence[object]) -> None:
        super().__init__(message)
        self.nodes = nodes


def problems(error: ValidationError) -> list[Any]:
    """The single errors of a validation, as pydantic describes them, without the values that were given.

    Pydantic keeps their causes beyond the end of the interpreter. With their tracebacks they would keep all
    modules too, and DuckDB reports those of its own at exit as leaked.
    """
    found: list[Any] = error.errors(include_input=False, include_url=False)
    for each in found:
        cause = each.get("ctx", {}).get("error")
        while isinstance(cause, BaseException):
            cause.__traceback__ = None
            cause = cause.__context__
    return found
