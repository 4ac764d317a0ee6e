"""Writes `methods.pyi` from the catalogue: `python -m sources.customerio.client.signatures`.

An operation is called, and a list can also be read by `pages` and `all`. All three have the same parameters,
so these are written once, and `ParamSpec` passes them to the three.
"""

from collections.abc import Iterator
from pathlib import Path

from sources.customerio.catalogue import OPERATIONS, Operation, Parameter
from sources.customerio.client.api import method_name, parameter_name
from sources.customerio.client.bodies import needs_body

FILE = Path(__file__).with_name("methods.pyi")
"""The file that `python -m` writes."""

_HEAD = """\
# Written from `OPERATIONS` by `make docs`; do not edit.
# fmt: off
# ruff: noqa: A002, E501

from collections.abc import Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec

from sources.customerio.catalogue import Operation
from sources.customerio.client.api import Caller
from sources.customerio.client.pages import Page
from sources.customerio.client.response import Answer

_P = ParamSpec("_P")

class _Method(Generic[_P]):
    operation: Operation
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> Answer: ...

class _List(_Method[_P]):
    def pages(self, *args: _P.args, **kwargs: _P.kwargs) -> Iterator[Page]: ...
    def all(self, *args: _P.args, **kwargs: _P.kwargs) -> Iterator[Any]: ...

def _method(takes: Callable[Concatenate[Any, _P], None]) -> _Method[_P]: ...
def _list(takes: Callable[Concatenate[Any, _P], None]) -> _List[_P]: ...
"""
# Digits and true/false may come as text, and texts as numbers, where an id is one.
_TYPES = {"string": "str | int", "integer": "int | str", "boolean": "bool | str"}


def stub() -> str:
    """The text of `methods.pyi`."""
    parts = [_HEAD]
    for name, api in (("App", "app"), ("Track", "track")):
        parts.append(f"\nclass {name}:\n    def __init__(self, client: Caller) -> None: ...\n")
        parts.extend(_method(row) for row in OPERATIONS if row.api == api)
    return "".join(parts)


def _method(row: Operation) -> str:
    given = "".join(f", {one}" for one in _takes(row))
    star = ", *" if given else ""
    kind = "_method" if row.records is None else "_list"
    return (
        f"    @{kind}\n"
        f"    def {method_name(row)}(self{star}{given}) -> None:\n"
        f'        """`{row.method} {row.path}` ({row.effect}; {row.docs})."""\n'
    )


def _takes(row: Operation) -> Iterator[str]:
    for parameter in (*row.path_parameters, *row.query):
        yield f"{parameter_name(parameter)}: {_annotated(parameter)}"
    if row.body != "none":
        yield "body: object" if needs_body(row) else "body: object | None = ..."


def _annotated(parameter: Parameter) -> str:
    kind = _TYPES[parameter.type]
    return kind if parameter.required else f"{kind} | None = ..."


if __name__ == "__main__":
    FILE.write_text(stub())
