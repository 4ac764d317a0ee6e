"""The client of both APIs."""

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from sources.customerio.catalogue import Operation
from sources.customerio.client.bounds import Bounds
from sources.customerio.client.calls import Call, call_of, operation_named
from sources.customerio.client.downloads import Through, download
from sources.customerio.client.error_bodies import answered, without_keys
from sources.customerio.client.hosts import host_of
from sources.customerio.client.json_text import loads
from sources.customerio.client.limits import RateLimits
from sources.customerio.client.methods import App, Track
from sources.customerio.client.pages import Page, Query, pages
from sources.customerio.client.reading import Reading
from sources.customerio.client.response import Answer, Decode
from sources.customerio.client.retry import RetryPolicy, safe_to_repeat
from sources.customerio.client.transport import Observer, Transport

Screen = Callable[[Operation, list[Any]], list[Any]]
"""Called with each page of a list: returns the records that the page is to have."""


def _unscreened(_row: Operation, records: list[Any]) -> list[Any]:
    return records


class Client:
    """Calls any operation of the catalogue, with the host, the key and the rate limit of its API.

    Thread-safe: share one client among all threads, so that they share connections and limits.

    Args:
        app_api_key: Key of the App API; needed once an operation of that API is called.
        track_site_id: Site id of the Track API.
        track_api_key: Key of the Track API.
        region: The region of the workspace.
        app_url: Another root for the App API, without `/v1`: https, or http on this machine.
        track_url: The same for the Track API.
        limits: The rate limits to keep; by default Customer.io's, kept by this client alone. Limits that
            are given are not closed with the client.
        transport: Answers instead of the network, for tests.
        timeout_s: Seconds without a byte after which a request has failed.
        retry_for_s: Seconds from the first try of a call to the beginning of its last.
        bounds: The time in total and the size of answers, lists and downloads.
        on_request: Called after every request, in the thread that made it.
        any_clock: Accept any time of the server, for a server of one's own with another clock.

    Raises:
        ConfigError: The region, a URL or a key is invalid; the message names the setting.
    """

    def __init__(
        self,
        *,
        app_api_key: str | None,
        track_site_id: str | None = None,
        track_api_key: str | None = None,
        region: Literal["us", "eu"] = "us",
        app_url: str | None = None,
        track_url: str | None = None,
        limits: RateLimits | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout_s: float = 60.0,
        retry_for_s: float = 600.0,
        bounds: Bounds | None = None,
        on_request: Observer | None = None,
        any_clock: bool = False,
    ) -> None:
        app = host_of("app", region, app_url, (app_api_key,))
        track = host_of("track", region, track_url, (track_site_id, track_api_key))
        self._owns_limits = limits is None
        self._limits = RateLimits(None) if limits is None else limits
        self._transport = Transport(
            {"app": app, "track": track},
            self._limits,
            transport,
            timeout_s,
            bounds or Bounds(),
            any_clock=any_clock,
        )
        self._retry_for_s = retry_for_s
        self._observer = on_request
        self._screen: Screen = _unscreened

    def call(
        self,
        operation_id: str,
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        body: object | None = None,
    ) -> Answer:
        """Call an operation, repeating it while that is safe and may help.

        Args:
            operation_id: Customer.io's own id, as in the catalogue.
            path: Values for the path; they are URL-encoded here.
            query: Values for the query; None counts as not given.
            body: A JSON document, or bytes that are one already.

        Raises:
            CustomerioError: See `errors` for the tree, grouped by what to do next.
        """
        row = operation_named(operation_id)
        try:
            return self._answer(call_of(row, path, query, body))
        finally:
            self._transport.large.leave()

    def _answer(self, call: Call) -> Answer:
        row = call.operation
        policy = RetryPolicy(
            self._retry_for_s,
            safe_to_repeat=safe_to_repeat(row),
            proven=lambda: row.api in self._transport.answered,
        )
        return policy.run(
            lambda number, left_s: self._transport.attempt(call, number, left_s, self._observer)
        )

    def pages(
        self,
        operation_id: str,
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        body: object | None = None,
        decode: Decode = loads,
    ) -> Iterator[Page]:
        """Iterate over the pages of a list; a page is requested when it is reached.

        Pages have the largest size unless `query` has a limit. `decode` turns the body of an answer into a
        document, for callers with a faster decoder.

        Raises:
            EndlessPages: A page led back to one that was already read, or the list is longer than any may be.
            CustomerioError: As `call`.
        """
        row = operation_named(operation_id)
        # Wrong parameters raise here, not at the first page.
        encoded = call_of(row, path, query, body).body
        return self._screened(row, path, query, encoded, decode)

    def _screened(
        self,
        row: Operation,
        path: Mapping[str, object] | None,
        query: Mapping[str, object] | None,
        encoded: bytes | None,
        decode: Decode,
    ) -> Iterator[Page]:
        reading = Reading(row, self._transport.bounds)

        def fetch(asked: Query) -> object:
            with reading.page():
                answer = self._answer(call_of(row, path, asked, encoded))
            return reading.noted(answer.body, answer.json(decode), asked)

        large, left = self._transport.large, pages(row, query, fetch)
        while True:
            try:
                page = next(left, None)
                if page is None:
                    return
                page = replace(page, records=self._screen(row, page.records), weight=reading.weight)
            finally:
                large.leave()
            yield page

    def download(self, url: str, target: Path, through: Through | None = None) -> int:
        """Download a signed link into a file, without key and outside the rate limits; returns its bytes.

        A download that fails leaves its part beside the target; the next call for that target resumes it,
        where the store allows that. With `through`, what it makes of the bytes is written, and a download
        that fails leaves nothing.

        Raises:
            LinkExpired: The store refuses the link; ask for a fresh one.
            TooLarge: The file is larger than any may be.
            RetryLater: The store or the connection failed until the time for retries was over.
        """
        policy = RetryPolicy(self._retry_for_s, safe_to_repeat=True, proven=lambda: True)
        http, bounds = self._transport.http, self._transport.bounds
        return policy.run(lambda _number, _left_s: download(http, url, target, bounds, through))

    @property
    def app(self) -> App:
        """The App API's operations as methods: `client.app.list_campaigns()`."""
        return App(self)

    @property
    def track(self) -> Track:
        """The Track API's operations as methods: `client.track.identify(identifier="...", body={...})`."""
        return Track(self)

    def watching(self, on_request: Observer, screen: "Screen | None" = None) -> "Client":
        """The same client with another `on_request`; limits, connections and clock are shared.

        With a `screen`, the pages of lists hold those of their records that it returns.
        """
        view = copy(self)
        view._observer = on_request
        view._screen = screen or self._screen
        return view

    def retrying(self, for_s: float) -> "Client":
        """The same client with another `retry_for_s`; limits, connections and clock are shared."""
        view = copy(self)
        view._retry_for_s = for_s
        return view

    def now(self) -> int:
        """Customer.io's clock in Unix seconds; the local clock before the first answer."""
        return self._transport.clock.now()

    def redacted(self, text: str) -> str:
        """Customer.io's words without keys, addresses, phone numbers and URLs, cut to 200 characters."""
        return answered(text, self._transport.secrets)

    def without_keys(self, text: str) -> str:
        """The text without the keys of both APIs; all else stays."""
        return without_keys(text, self._transport.secrets)

    def close(self) -> None:
        """Close the connections, also those of the clients that share them (`watching`)."""
        self._transport.http.close()
        if self._owns_limits:
            self._limits.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
