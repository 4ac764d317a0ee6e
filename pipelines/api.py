"""Calls of Customer.io's APIs by hand: finds them, explains them, shows the request, and sends it.

A call that reads is sent at once. A call that sends or destroys something needs a confirmation (`needs_yes`);
every call can be shown first.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from pipelines.connect import check_app_key, client
from pipelines.errors import WrongUse
from pipelines.settings import Settings
from sources.customerio.catalogue import OPERATIONS, Operation, Parameter
from sources.customerio.client import Answer, Client, WrongCall
from sources.customerio.client.api import checked, method_name
from sources.customerio.client.bodies import needs_body, schema_of
from sources.customerio.client.calls import call_of
from sources.customerio.client.examples import example_of
from sources.customerio.client.hosts import KEY_SETTINGS, host_of
from sources.suggestions import did_you_mean

IRREVERSIBLE = ("send", "destroy")
"""Effects that cannot be undone."""


@dataclass(frozen=True)
class Request:
    """The request of a call, without its key.

    Attributes:
        operation: The operation.
        url: Host, path and query, encoded.
        arguments: The arguments of `Client.call`: path, query and body, checked.
    """

    operation: Operation
    url: str = field(repr=False)
    arguments: dict[str, Any] = field(repr=False)

    @property
    def body(self) -> Any:
        """The JSON body of the request; None if it has none."""
        return self.arguments["body"]

    @property
    def needs_yes(self) -> bool:
        """True if the call cannot be undone, and so must be confirmed."""
        return self.operation.effect in IRREVERSIBLE

    def document(self, *, sent: bool) -> dict[str, Any]:
        """The request as JSON; `sent` is true if it was sent."""
        row = self.operation
        return {
            "sent": sent,
            "operation": row.id,
            "effect": row.effect,
            "method": row.method,
            "url": self.url,
            "body": self.body,
        }


def find_operation(name: str) -> Operation:
    """The operation of that name, Customer.io's (`listCampaigns`) or the client's (`list_campaigns`).

    Raises:
        WrongUse: There is none; the message has similar names.
    """
    names = {name: row for row in OPERATIONS for name in (method_name(row), row.id)}
    if name not in names:
        hint = did_you_mean(name, [row.id for row in OPERATIONS])
        msg = f"Customer.io has no operation {name!r}.{hint} `cio-elt api list` lists them all."
        raise WrongUse(msg)
    return names[name]


def find_operations(
    *, api: str | None = None, effect: str | None = None, text: str = "", doubtful: bool = False
) -> list[Operation]:
    """The operations of that API and effect whose name or path has each word of the text.

    Doubtful ones, which may not exist, are found if `doubtful` is true.
    """
    words = text.lower().split()
    return [
        row
        for row in OPERATIONS
        if api in (None, row.api)
        and effect in (None, row.effect)
        and (doubtful or row.stability == "stable")
        and all(word in f"{row.id} {method_name(row)} {row.method} {row.path}".lower() for word in words)
    ]


def describe_operation(row: Operation) -> dict[str, Any]:
    """An operation as JSON, without the schema of its body."""
    return {
        "operation": row.id,
        "api": row.api,
        "method": row.method,
        "path": row.path,
        "effect": row.effect,
        "stability": row.stability,
        "limit": row.bucket,
        "paging": row.paging,
        "lists": row.records,
        "parameters": [
            *(_parameter("path", item) for item in row.path_parameters),
            *(_parameter("query", item) for item in row.query),
        ],
        "takes_body": row.body != "none",
        "python": f"client.{row.api}.{method_name(row)}",
        "docs": row.docs,
    }


def schema_document(row: Operation) -> dict[str, Any]:
    """An operation as JSON, with the schema of its body and an example of a call."""
    body = None
    if row.body != "none":
        body = {"required": needs_body(row), "schema": schema_of(row), "example": example_of(row)}
    return {**describe_operation(row), "body": body, "example": example_command(row)}


def example_command(row: Operation) -> str:
    """A command that calls the operation; words in capitals are placeholders."""
    words = ["cio-elt api call", row.id]
    for item in (*row.path_parameters, *row.query):
        if item.required:
            words.append(f"--param {item.name}={'1' if item.type == 'integer' else item.name.upper()}")
    if row.body != "none":
        words.append("--body @body.json")
    if row.effect in IRREVERSIBLE:
        words.append("--yes")
    if row.paging != "none":
        words.append("--all-pages")
    return " ".join(words)


def parameters(pairs: Sequence[str]) -> dict[str, object]:
    """The parameters that `--param NAME=VALUE` gives, by name.

    Raises:
        WrongUse: A pair has no name or no `=`, or a name is given twice.
    """
    given: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            msg = f"--param takes NAME=VALUE, such as --param limit=10, and was given {pair!r}."
            raise WrongUse(msg)
        if name in given:
            msg = f"--param {name} was given twice; Customer.io takes one value."
            raise WrongUse(msg)
        given[name] = value
    return given


def read_body(source: str | None) -> Any:
    """The document that `--body` names: `@file`, `-` for stdin, or JSON itself.

    Raises:
        WrongUse: It cannot be read, or is not JSON.
    """
    if source is None:
        return None
    try:
        text = _text(source)
    except OSError as error:
        msg = f"--body {source} cannot be read: {error.strerror}. It takes @FILE, - for stdin, or JSON."
        raise WrongUse(msg) from None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        msg = (
            f"--body is not JSON: {error.msg} in line {error.lineno}, column {error.colno}. "
            "It takes @FILE, - for stdin, or JSON."
        )
        raise WrongUse(msg) from None


def request(settings: Settings, row: Operation, given: dict[str, object], body: Any) -> Request:
    """The checked request of a call; nothing is sent.

    Raises:
        WrongUse: A parameter is unknown, missing or of another type, or the body has another shape.
        ConfigError: The URL of a host is invalid.
    """
    try:
        arguments = checked(row, given, body)
    except WrongCall as error:
        raise WrongUse(str(error)) from None
    url = settings.customerio_app_url if row.api == "app" else settings.customerio_track_url
    no_keys = (None,) * len(KEY_SETTINGS[row.api])
    root = host_of(row.api, settings.customerio_region, url, no_keys).root
    return Request(row, root + call_of(row, **arguments).target, arguments)


def call(settings: Settings, request: Request) -> Answer:
    """Send the request.

    Raises:
        CustomerioError: As `Client.call`. An irreversible call is not retried if it may have succeeded.
    """
    with _client(settings, request) as calls:
        return calls.call(request.operation.id, **request.arguments)


def pages(settings: Settings, request: Request) -> Iterator[list[Any]]:
    """The rows of a list, a page at a time.

    Raises:
        WrongUse: The operation does not return a list.
        CustomerioError: As `Client.pages`.
    """
    row = request.operation
    if row.records is None:
        msg = f"`{row.id}` does not return a list; call it without --all-pages."
        raise WrongUse(msg)
    with _client(settings, request) as calls:
        for page in calls.pages(row.id, **request.arguments):
            yield page.records


def _client(settings: Settings, request: Request) -> AbstractContextManager[Client]:
    """A client for the request; ConfigError if the key of its API is missing."""
    if request.operation.api == "app":
        check_app_key(settings)
    return client(settings)


def pretty(document: Any) -> str:
    """The JSON document with indentation."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def _text(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    return Path(source[1:]).read_bytes() if source.startswith("@") else source.encode()


def _parameter(place: str, item: Parameter) -> dict[str, Any]:
    return {"name": item.name, "in": place, "type": item.type, "required": item.required}
