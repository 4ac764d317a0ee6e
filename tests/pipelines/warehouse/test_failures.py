"""What others throw, as sentences; what nobody knows stays what it is."""

import duckdb
import pytest
from dlt.common.exceptions import MissingDependencyException

from pipelines.errors import FileHeld, WarehouseError
from pipelines.warehouse.failures import interrupted, told
from sources.customerio.client import ConfigError, NotFound


def _wrapped(inner: BaseException) -> Exception:
    """An error that came of another one, as dlt raises it."""
    outer = RuntimeError("a step failed")
    outer.__cause__ = inner
    return outer


def test_an_interrupt_is_found_wherever_it_is() -> None:
    """Dlt wraps an interrupt, or fails over what it left half done."""
    over_it = KeyError("state")
    over_it.__context__ = KeyboardInterrupt()

    assert interrupted(KeyboardInterrupt())
    assert interrupted(_wrapped(KeyboardInterrupt()))
    assert interrupted(_wrapped(over_it))
    assert not interrupted(_wrapped(KeyError("state")))


def test_our_own_errors_come_out_of_their_wrapping() -> None:
    """The client's error is what counts, however deep it lies."""
    error = NotFound("gone")
    assert error is told(_wrapped(_wrapped(error)))


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (duckdb.IOException('IO Error: Could not set lock on file "/x"'), FileHeld, "Close that program"),
        (duckdb.ConstraintException("first line\nsecond"), WarehouseError, "DuckDB failed: first line."),
        (OSError(28, "No space left on device", "/x"), WarehouseError, "No space left on device (/x)."),
        (MissingDependencyException("postgres destination", ["dlt[postgres]"]), ConfigError, "pip install"),
    ],
)
def test_what_is_known_is_told(error: Exception, kind: type[Exception], words: str) -> None:
    """One sentence or two, on one line, of the kind that decides the exit code."""
    failure = told(_wrapped(error))

    assert type(failure) is kind
    assert words in str(failure)
    assert "\n" not in str(failure)


def test_long_words_of_others_are_cut() -> None:
    """SQL that failed may be pages long."""
    failure = told(duckdb.BinderException("x" * 10_000))
    assert failure is not None
    assert len(str(failure)) < 600


def test_a_bug_is_nobodys_failure() -> None:
    """What is no known failure is left to show its traceback."""
    assert told(_wrapped(TypeError("unsupported operand"))) is None
