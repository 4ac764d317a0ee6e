"""Every operation of the catalogue as a method; its parameters and its body are checked before any request.

    Operations ── attribute ──> Method ─┬─ checked ─┬─ names and types of path and query parameters (calls)
                                        │           └─ the body against its schema (bodies)
                                        └─ Client.call or Client.pages

The methods are made here and nowhere else; `methods.pyi` gives their parameters to editors and type checkers.
"""

import inspect
import keyword
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, Protocol

from sources.customerio.catalogue import OPERATIONS, Operation, Parameter
from sources.customerio.client.bodies import check_body, needs_body
from sources.customerio.client.calls import call_of, check_names
from sources.customerio.client.errors import WrongCall
from sources.customerio.client.pages import Page
from sources.customerio.client.response import Answer
from sources.suggestions import did_you_mean

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def method_name(row: Operation) -> str:
    """The operation's id as Python writes names: `listCampaigns` is `list_campaigns`, `import` `import_`."""
    name = _WORDS.sub("_", row.id).lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def parameter_name(item: Parameter) -> str:
    """The parameter's name as Python writes it: `from` is `from_`."""
    return f"{item.name}_" if keyword.iskeyword(item.name) else item.name


class Caller(Protocol):
    """Calls an operation by its id: a `Client`."""

    def call(
        self,
        operation_id: str,
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        body: object | None = None,
    ) -> Answer:
        """Call the operation once its parameters are checked."""

    def pages(
        self,
        operation_id: str,
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        body: object | None = None,
    ) -> Iterator[Page]:
        """Read the list page by page."""


class Method:
    """One operation, ready to be called with its parameters by name.

    Path and query parameters are keyword arguments, `body` is the JSON document. A parameter that is None
    counts as not given. Bytes are a document that is JSON already; they are checked like any other.
    """

    def __init__(self, client: Caller, operation: Operation) -> None:
        self._client = client
        self.operation = operation
        self.__doc__ = f"`{operation.method} {operation.path}` ({operation.effect}; {operation.docs})."

    @property
    def __signature__(self) -> inspect.Signature:
        """The parameters, for completion in shells and notebooks; editors read `methods.pyi`."""
        row = self.operation
        names = {parameter_name(item): item.required for item in (*row.path_parameters, *row.query)}
        if row.body != "none":
            names["body"] = needs_body(row)
        return inspect.Signature(
            [
                inspect.Parameter(
                    name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=inspect.Parameter.empty if required else None,
                )
                for name, required in names.items()
            ]
        )

    def __call__(self, *, body: object | None = None, **given: object) -> Answer:
        """Call the operation.

        Raises:
            WrongCall: A parameter is unknown, missing or of another type, or the body does not fit.
            CustomerioError: As `Client.call`.
        """
        return self._client.call(self.operation.id, **checked(self.operation, given, body))

    def pages(self, *, body: object | None = None, **given: object) -> Iterator[Page]:
        """Iterate over the pages of the list; a page is requested when it is reached.

        Raises:
            WrongCall: As a call; or the operation does not return a list.
            CustomerioError: As `Client.pages`.
        """
        row = self.operation
        if row.records is None:
            msg = f"`{row.id}` answers with one thing and no list; call it without pages. See {row.docs}"
            raise WrongCall(msg, operation=row.id)
        return self._client.pages(row.id, **checked(row, given, body))

    def all(self, *, body: object | None = None, **given: object) -> Iterator[Any]:
        """Iterate over the rows of all pages; raises as `pages`."""
        pages = self.pages(body=body, **given)
        return (record for page in pages for record in page.records)


class Operations:
    """All operations of one API as methods; those of the catalogue, and no other."""

    api: ClassVar[Literal["app", "track"]]
    _rows: ClassVar[dict[str, Operation]]

    def __init_subclass__(cls) -> None:
        cls._rows = {method_name(row): row for row in OPERATIONS if row.api == cls.api}

    def __init__(self, client: Caller) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Method:
        if name not in self._rows:
            msg = f"The {self.api} API has no operation {name!r}.{did_you_mean(name, self._rows)}"
            raise AttributeError(msg, name=name, obj=self)
        return Method(self._client, self._rows[name])

    def __dir__(self) -> list[str]:
        return sorted(self._rows)


def checked(row: Operation, given: dict[str, object], body: object | None) -> dict[str, Any]:
    """The checked arguments of `Client.call` for that operation: `path`, `query` and `body`.

    Raises:
        WrongCall: A parameter is unknown, missing or of another type, or the body does not fit.
    """
    given = {
        name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name: value
        for name, value in given.items()
        if value is not None
    }
    in_path = {item.name for item in row.path_parameters}
    check_names(row, (*row.path_parameters, *row.query), given)
    arguments: dict[str, Any] = {
        "path": {name: value for name, value in given.items() if name in in_path},
        "query": {name: value for name, value in given.items() if name not in in_path},
        "body": body,
    }
    # The parameters' types come first: the message about a wrong id is shorter than one about a document.
    check_body(row, call_of(row, **arguments).body)
    return arguments
