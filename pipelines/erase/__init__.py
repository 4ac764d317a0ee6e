"""The erasure of people: `erase`, `resume` after one was killed, `lift` so that they may come again."""

from pipelines.erase.lift import lift
from pipelines.erase.people import Identifier, identifiers, read_people
from pipelines.erase.run import EraseResult, There, erase, resume
from pipelines.erase.tables import Found
from pipelines.warehouse.erasures import erasures

__all__ = [
    "EraseResult",
    "Found",
    "Identifier",
    "There",
    "erase",
    "erasures",
    "identifiers",
    "lift",
    "read_people",
    "resume",
]
