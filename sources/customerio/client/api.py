"""Every operation of the catalogue as a method, with all that it takes checked before any request.

    Operations ── attribute ──> Method ─┬─ checked ─┬─ sorted into path and query, unknown names refused
                                        │           └─ bodies: the body fits its schema
                                        └─ Client.call or Client.pages

The methods are made here and nowhere else; `methods.pyi` tells editors and type checkers what each takes.
"""

import keyword
import re
from collections.abc import Iterator
from difflib import get_close_matches
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sources.customerio.catalogue import OPERATIONS, Operation
from sources.customerio.client.bodies import check_body, needs_body
from sources.customerio.client.calls import call_of
from sources.customerio.client.errors import WrongCall
from sources.customerio.client.pages import Page
from sources.customerio.client.response import Answer

if TYPE_CHECKING:
    from sources.customerio.client.client import Client

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def method_name(row: Operation) -> str:
    """The operation's id as Python writes names: `listCampaigns` is `list_campaigns`, `import` `import_`."""
    name = _WORDS.sub("_", row.id).lower()
    return f"{name}_" if keyword.iskeyword(name) else name


class Method:
    """One operation, ready to be called with its parameters by name.

    Path and query parameters are keyword arguments, `body` is the JSON document. A parameter that is None
    counts as not given. Bytes are a document that is JSON already; they are checked like any other.
    """

    def __init__(self, client: "Client", operation: Operation) -> None:
        self._client = client
        self.operation = operation
        self.__doc__ = f"`{operation.method} {operation.path}` ({operation.effect}; {operation.docs})."

    @property
    def __signature__(self) -> Signature:
        """What shells and notebooks complete; editors read `methods.pyi`."""
        row = self.operation
        names = {item.name: item.required for item in (*row.path_parameters, *row.query)}
        if row.body == "json":
            names["body"] = needs_body(row)
        return Signature(
            [
                Parameter(name, Parameter.KEYWORD_ONLY, default=Parameter.empty if required else None)
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
        """Every page of the list, read as it is asked for.

        Raises:
            WrongCall: As a call; or the operation lists nothing.
            CustomerioError: As `Client.pages`.
        """
        row = self.operation
        if row.records is None:
            msg = f"`{row.id}` answers with one thing and no list; call it without pages. See {row.docs}"
            raise WrongCall(msg, operation=row.id)
        return self._client.pages(row.id, **checked(row, given, body))

    def all(self, *, body: object | None = None, **given: object) -> Iterator[Any]:
        """Every row of the list, from whichever page; raises as `pages`."""
        pages = self.pages(body=body, **given)
        return (record for page in pages for record in page.records)


class Operations:
    """All operations of one API as methods; those of the catalogue, and no other."""

    api: ClassVar[Literal["app", "track"]]
    _rows: ClassVar[dict[str, Operation]]

    def __init_subclass__(cls) -> None:
        cls._rows = {method_name(row): row for row in OPERATIONS if row.api == cls.api}

    def __init__(self, client: "Client") -> None:
        self._client = client

    def __getattr__(self, name: str) -> Method:
        if name not in self._rows:
            msg = f"The {self.api} API has no operation {name!r}.{did_you_mean(name, self._rows)}"
            raise AttributeError(msg, name=name, obj=self)
        return Method(self._client, self._rows[name])

    def __dir__(self) -> list[str]:
        return sorted(self._rows)


def checked(row: Operation, given: dict[str, object], body: object | None) -> dict[str, Any]:
    """What `Client.call` takes for that operation: `path`, `query` and `body`, all of which will do.

    Raises:
        WrongCall: A parameter is unknown, missing or of another type, or the body does not fit.
    """
    given = {name: value for name, value in given.items() if value is not None}
    in_path = {item.name for item in row.path_parameters}
    known = (*row.path_parameters, *row.query)
    names = [item.name for item in known]
    if unknown := [name for name in given if name not in names]:
        takes = f"it takes {', '.join(names)}" if names else "it takes none"
        hint = did_you_mean(unknown[0], names)
        msg = f"`{row.id}` has no parameter {', '.join(unknown)}; {takes}.{hint} See {row.docs}"
        raise WrongCall(msg, operation=row.id)
    if missing := [item.name for item in known if item.required and item.name not in given]:
        msg = f"`{row.id}` needs the parameter {', '.join(missing)}. See {row.docs}"
        raise WrongCall(msg, operation=row.id)
    arguments: dict[str, Any] = {
        "path": {name: value for name, value in given.items() if name in in_path},
        "query": {name: value for name, value in given.items() if name not in in_path},
        "body": body,
    }
    # The parameters' types first: a wrong id is a smaller thing to read about than a wrong document.
    check_body(row, call_of(row, **arguments).body)
    return arguments


def did_you_mean(name: str, names: Any) -> str:
    """A sentence with the nearest of these names, after a space; empty if none is near."""
    lower = {known.lower(): known for known in names}
    near = [lower[match] for match in get_close_matches(name.lower(), lower, n=3, cutoff=0.6)]
    return f" Did you mean {' or '.join(near)}?" if near else ""
