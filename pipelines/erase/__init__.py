"""The erasure of people: `erase` removes them from the data folder, `lift` lets them come again."""

from pipelines.erase.lift import lift
from pipelines.erase.people import Identifier, identifiers, read_people
from pipelines.erase.run import EraseResult, There, erase
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
]
