"""Builds one call: its parameters are checked against the catalogue and encoded.

Unknown parameters are refused here: Customer.io would ignore a misspelt one, and its answer would look right
[singer][keboola].
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import orjson

from sources.customerio.catalogue import OPERATIONS, Operation, Parameter, operation
from sources.customerio.client.errors import WrongCall
from sources.customerio.client.forms import form_of
from sources.suggestions import did_you_mean


@dataclass(frozen=True)
class Call:
    """An operation with its parameters filled in.

    Attributes:
        operation: The row of the catalogue.
        target: Path and query, encoded.
        body: The JSON document to send, or None.
    """

    operation: Operation
    target: str
    body: bytes | None = field(default=None, repr=False)


def operation_named(operation_id: str) -> Operation:
    """The operation of that id.

    Raises:
        WrongCall: The catalogue has no operation of that id.
    """
    try:
        return operation(operation_id)
    except KeyError:
        hint = did_you_mean(operation_id, [row.id for row in OPERATIONS])
        msg = f"Customer.io has no operation {operation_id!r}; the catalogue lists the ones it has.{hint}"
        raise WrongCall(msg, operation=operation_id) from None


def call_of(
    row: Operation,
    path: Mapping[str, object] | None,
    query: Mapping[str, object] | None,
    body: object | None,
) -> Call:
    """Check the parameters and build the call. Parameters that are None count as not given.

    Raises:
        WrongCall: A parameter is unknown, missing or of another type, or the body does not fit.
    """
    given_path = _given(row, "path parameter", row.path_parameters, path)
    given_query = _given(row, "query parameter", row.query, query)
    target = row.path
    for name, text in given_path.items():
        if text in ("", ".", ".."):
            msg = f"`{row.id}` was called with {name}={text!r}, which would name another path."
            raise WrongCall(msg, operation=row.id)
        target = target.replace(f"{{{name}}}", quote(text, safe=""))
    if given_query:
        target += "?" + urlencode(given_query, quote_via=quote)
    return Call(row, target, _encoded(row, body))


def check_names(
    row: Operation, known: tuple[Parameter, ...], given: Collection[str], kind: str = "parameter"
) -> None:
    """Check the names of parameters against those that the operation has.

    Raises:
        WrongCall: A name is unknown, with similar ones in the message; or a required one is missing.
    """
    names = [parameter.name for parameter in known]
    if unknown := sorted(set(given) - set(names)):
        takes = f"it takes {', '.join(names)}" if names else "it takes none"
        hint = did_you_mean(unknown[0], names)
        msg = f"`{row.id}` has no {kind} {', '.join(unknown)}; {takes}.{hint} See {row.docs}"
        raise WrongCall(msg, operation=row.id)
    if missing := [item.name for item in known if item.required and item.name not in given]:
        msg = f"`{row.id}` needs the {kind} {', '.join(missing)}. See {row.docs}"
        raise WrongCall(msg, operation=row.id)


def _given(
    row: Operation, kind: str, known: tuple[Parameter, ...], values: Mapping[str, object] | None
) -> dict[str, str]:
    values = {name: value for name, value in (values or {}).items() if value is not None}
    check_names(row, known, values, kind)
    return {item.name: _text(row, item, values[item.name]) for item in known if item.name in values}


def _text(row: Operation, parameter: Parameter, value: object) -> str:
    """The value in the form that Customer.io reads; numbers and true/false may also be given as text."""
    if parameter.type == "boolean":
        text = str(value).lower()
        fits = text in ("true", "false")
    elif parameter.type == "integer":
        text = str(value)
        fits = not isinstance(value, bool) and text.removeprefix("-").isdecimal()
    else:
        text = str(value)
        fits = isinstance(value, str | int) and not isinstance(value, bool)
    if not fits:
        found = type(value).__name__
        msg = f"The parameter {parameter.name} of `{row.id}` is of type {parameter.type}, not {found}."
        raise WrongCall(msg, operation=row.id)
    return text


def _encoded(row: Operation, body: object | None) -> bytes | None:
    """The body as JSON; bytes are sent unchanged."""
    if body is None or isinstance(body, bytes):
        encoded = body
    else:
        try:
            encoded = orjson.dumps(body)
        except TypeError as error:
            msg = f"The body of `{row.id}` is not JSON: {error}."
            raise WrongCall(msg, operation=row.id) from error
    if encoded is not None and row.body == "none":
        msg = f"`{row.id}` takes no body. See {row.docs}"
        raise WrongCall(msg, operation=row.id)
    if encoded is not None and row.body == "multipart":
        form_of(row, encoded)  # refused here, before a request is made
    return encoded
