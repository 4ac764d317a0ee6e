"""The tree of all errors."""

import importlib
import pkgutil
from typing import Annotated

import pytest
from pydantic import AfterValidator, TypeAdapter, ValidationError

import pipelines
import sources
from pipelines import errors
from pipelines.errors import CustomerioError, EltError
from tests.trees import drawn


def _below(kind: type[EltError]) -> set[type[EltError]]:
    return {kind}.union(*(_below(child) for child in kind.__subclasses__()))


def test_the_tree_is_drawn_as_it_is() -> None:
    """The drawing shows every error of sources and pipelines once, below its parent, but the client's own."""
    for package in (sources, pipelines):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    ours = {
        kind
        for kind in _below(EltError)
        if kind.__module__.split(".")[0] in ("sources", "pipelines")
        and (kind is CustomerioError or not issubclass(kind, CustomerioError))
    }
    parents = {kind.__name__: kind.__bases__[0].__name__ for kind in ours}

    assert {**parents, "EltError": ""} == drawn(errors.__doc__)


def test_the_causes_of_a_refused_value_hold_no_frames() -> None:
    """Pydantic keeps them beyond the interpreter's end; their frames would keep modules and their types."""

    def refuse(value: str) -> str:
        try:
            return str(int(value))
        except ValueError as error:
            msg = "write a number"
            raise ValueError(msg) from error

    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Annotated[str, AfterValidator(refuse)]).validate_python("x")
    (problem,) = errors.problems(refused.value)
    cause = problem["ctx"]["error"]

    assert ("write a number", ValueError) == (str(cause), type(cause.__context__))
    assert (None, None) == (cause.__traceback__, cause.__context__.__traceback__)
