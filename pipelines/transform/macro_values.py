"""Values that macros of the dbt project return, read without dbt, such as the definitions of rates."""

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment
from ruamel.yaml import YAML

from pipelines.transform.dbt import PROJECT

MACROS = PROJECT / "macros"
"""The folder of the macros."""


class _Returned(Exception):
    """The end of a macro, with its value: dbt's `return` ends a macro too."""

    def __init__(self, value: Any) -> None:
        self.value = value


@cache
def variables() -> dict[str, Any]:
    """The `vars` of dbt_project.yml."""
    found: dict[str, Any] = YAML(typ="safe").load(PROJECT / "dbt_project.yml")["vars"]
    return found


def macro_value(file: str, name: str, *arguments: Any, **macros: Callable[..., Any]) -> Any:
    """The value of macro `name` of `macros/FILE.sql`: what it returns, or else its text.

    `macros` are those of other files that it calls.
    """
    module = _environment(**macros).from_string((MACROS / f"{file}.sql").read_text("utf-8")).module
    try:
        return str(getattr(module, name)(*arguments)).strip()
    except _Returned as end:
        return end.value


def rendered(text: str) -> str:
    """A description of a yml file, with the values of its variables."""
    return _environment().from_string(text).render()


def _environment(**macros: Callable[..., Any]) -> Environment:
    environment = Environment(extensions=["jinja2.ext.do"])  # noqa: S701 - it renders SQL and plain text, no HTML
    environment.globals.update({"return": _return, "var": variables().__getitem__, **macros})
    return environment


def _return(value: Any) -> None:
    raise _Returned(value)
