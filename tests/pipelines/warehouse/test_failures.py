"""Foreign exceptions become this project's errors; unknown ones show their traceback."""

import duckdb
import pytest
from dlt.common.exceptions import MissingDependencyException

from pipelines.errors import FileHeld, WarehouseError
from pipelines.warehouse.failures import elt_error, interrupted
from sources.customerio.client import ConfigError, NotFound


def _wrapped(inner: BaseException) -> Exception:
    """An error with another one as its cause, as dlt raises it."""
    outer = RuntimeError("a step failed")
    outer.__cause__ = inner
    return outer


def test_an_interrupt_is_found_anywhere_in_the_chain() -> None:
    """Dlt wraps an interrupt, or fails with another error because of it."""
    over_it = KeyError("state")
    over_it.__context__ = KeyboardInterrupt()

    assert interrupted(KeyboardInterrupt())
    assert interrupted(_wrapped(KeyboardInterrupt()))
    assert interrupted(_wrapped(over_it))
    assert not interrupted(_wrapped(KeyError("state")))


def test_an_elt_error_is_taken_out_of_its_wrapping() -> None:
    """The client's error is returned, at any depth of the chain."""
    error = NotFound("gone")
    assert error is elt_error(_wrapped(_wrapped(error)))


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (duckdb.IOException('IO Error: Could not set lock on file "/x"'), FileHeld, "Close that program"),
        (duckdb.ConstraintException("first line\nsecond"), WarehouseError, "DuckDB failed: first line."),
        (OSError(28, "No space left on device", "/x"), WarehouseError, "No space left on device (/x)."),
        (MissingDependencyException("postgres destination", ["dlt[postgres]"]), ConfigError, "pip install"),
    ],
)
def test_a_known_exception_becomes_an_elt_error(error: Exception, kind: type[Exception], words: str) -> None:
    """Its message is one line, and its class decides the exit code."""
    failure = elt_error(_wrapped(error))

    assert type(failure) is kind
    assert words in str(failure)
    assert "\n" not in str(failure)


def test_long_messages_are_cut() -> None:
    """DuckDB quotes the SQL that failed, which may be pages long."""
    failure = elt_error(duckdb.BinderException("x" * 10_000))
    assert failure is not None
    assert len(str(failure)) < 600


def test_an_unknown_exception_is_a_bug() -> None:
    """None is returned, so that the traceback is shown."""
    assert elt_error(_wrapped(TypeError("unsupported operand"))) is None
