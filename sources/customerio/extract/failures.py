"""The failures of a reading: of single parents, whose siblings are read, and of the reader itself."""

from copy import copy
from pathlib import Path
from traceback import extract_tb
from typing import Any

from sources.customerio.client import (
    BadAnswer,
    NotServed,
    RateLimited,
    Unauthorized,
    Unreachable,
    WrongCall,
    WrongClock,
    WrongHost,
)
from sources.customerio.extract.ready_tables import Stopped
from sources.errors import EltError

# What stops one item stops all of them.
_FOR_ALL = (NotServed, RateLimited, Unauthorized, Unreachable, WrongCall, WrongClock, WrongHost, Stopped)
# Failures before the first answer, and in all, after which the remaining items are left out.
_BEFORE_AN_ANSWER = 3
_IN_ALL = 20
_SHOWN = 5


class Failures:
    """The items of one reading that failed, of `total`; `succeeded` counts the others.

    `has_answer` is True once a part of any item has come.
    """

    def __init__(self, total: int) -> None:
        self.succeeded = 0
        self.has_answer = False
        self._total = total
        self._failed: list[tuple[Any, EltError]] = []

    def add(self, item: object, error: Exception) -> None:
        """Note a failure; it is raised if it would meet the other items too."""
        if isinstance(error, _FOR_ALL):
            raise error
        self._failed.append((item, contained(error)))
        count = len(self._failed)
        if count >= _IN_ALL or (not self.has_answer and count >= min(_BEFORE_AN_ANSWER, self._total)):
            raise self._first()

    def check(self) -> None:
        """Raise the first failure, if there is one, with the parents that failed in its message."""
        if self._failed:
            raise self._first()

    def _first(self) -> EltError:
        # The same error may be raised for several tables.
        error = copy(self._failed[0][1])
        names = [name for item, _ in self._failed if (name := _name(item))]
        shown = f" ({', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''})" if names else ""
        if self.succeeded:
            error.add_sentence(
                f"It was so for {len(self._failed)} of {self._total} parents{shown}; the others were read, "
                "and no row below these counts as deleted."
            )
        elif shown:
            error.add_sentence(f"It was so for the parents{shown}.")
        return error


def contained(error: Exception) -> EltError:
    """The error as one that fails its table alone; one of the system or the destination is raised.

    A message of Python's own may hold a person's data, so only its type and place are told.
    """
    if isinstance(error, EltError):
        return error
    if isinstance(error, OSError | MemoryError | Stopped):
        raise error
    frames = [frame for frame in extract_tb(error.__traceback__) if "sources" in Path(frame.filename).parts]
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    msg = (
        f"Customer.io sent what this program cannot read ({type(error).__name__}{place}). What was read "
        "before is kept and the watermark stays. Report this message: it holds no data."
    )
    return BadAnswer(msg)


def _name(item: object) -> str:
    """The id of the parent that the item names; empty where it names none."""
    if isinstance(item, tuple) and item:
        item = item[0]
    if isinstance(item, dict):
        item = item.get("cio_object_id")
    return str(item) if isinstance(item, int) else ""
