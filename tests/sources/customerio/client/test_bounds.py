"""A hostile server gets an error by name out of the client, within a time and within a memory."""

import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count, repeat
from pathlib import Path
from threading import Thread

import httpx
import pytest

from sources.customerio.client import (
    MB,
    Bounds,
    Client,
    CustomerioError,
    EndlessPages,
    RateLimits,
    TooLarge,
    Unavailable,
)

ClientOf = Callable[..., Client]
Sent = Iterator[bytes]

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LONG_S = 40.0
"""Seconds that a test may take on a slow machine: below the 60 s of silence that each read may take."""
BOUNDS = Bounds(
    answer_s=LONG_S, answer_bytes=MB // 8, answer_values=10_000, download_s=LONG_S, download_bytes=MB // 8
)
SHORT = Bounds(answer_s=0.3, download_s=0.3)


@contextmanager
def hostile(answer: Callable[[], Sent], *, reads: bool = True) -> Iterator[str]:
    """The URL of a server that sends these bytes to each connection until the client hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                while reads and b"\r\n\r\n" not in connection.recv(65_536):
                    pass
                for block in answer():
                    connection.sendall(block)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    Thread(target=serve, args=(connection,), daemon=True).start()

        Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _slowly(blocks: Iterator[bytes]) -> Sent:
    for block in blocks:
        time.sleep(0.02)
        yield block


def _chunk(block: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(block), block)


def _bomb(size: int) -> Sent:
    """Gzip that unpacks to that many bytes, some thousand times as many as it has."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    first = packer.compress(b" " * MB) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(b" " * MB) + packer.flush(zlib.Z_FULL_FLUSH)
    return chain([first], repeat(again, size // MB))


_EMPTY = b"\0\0\0\xff\xff"
"""A block of gzip that unpacks to nothing."""
_VALUES = b'{"campaigns":[' + b"{}," * 20_000 + b'{}],"next":""}'

SLOW: dict[str, Callable[[], Sent]] = {
    "100-continue without end": lambda: _slowly(repeat(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "bytes of a status line": lambda: _slowly(iter([b"H", b"T", b"T", b"P", *[b"/"] * 9_999])),
    "bytes of a header": lambda: _slowly(chain([OK, b"X-Long: "], repeat(b"a"))),
    "headers without end": lambda: _slowly(chain([OK], (b"X-%d: 1\r\n" % number for number in count()))),
    "bytes of a body": lambda: _slowly(chain([OK, b"Content-Length: 999999\r\n\r\n"], repeat(b" "))),
    "chunks": lambda: _slowly(chain([CHUNKED], repeat(_chunk(b" ")))),
    "bytes of gzip": lambda: _slowly(
        chain([OK, b"Content-Encoding: gzip\r\n\r\n"], _bomb(MB), repeat(_EMPTY))
    ),
}
FLOODS: dict[str, Callable[[], Sent]] = {
    "100-continue without end": lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "a body without end": lambda: chain([CHUNKED], repeat(_chunk(b" " * 65_536))),
    "a body until the connection closes": lambda: chain([OK, b"\r\n"], repeat(b" " * 65_536)),
    "chunks of one byte": lambda: chain([CHUNKED], repeat(_chunk(b" ") * 1_000)),
    "2 GB of gzip": lambda: chain([OK, b"Content-Encoding: gzip\r\n\r\n"], _bomb(2 << 30)),
    "200 MB of JSON": lambda: chain(
        [OK, b'Content-Length: 200000000\r\n\r\n{"campaigns":['], repeat(b'{"id":1},' * 1_000)
    ),
    "more values than any answer has": lambda: chain(
        [OK, b"Content-Length: %d\r\n\r\n" % len(_VALUES), _VALUES]
    ),
    "an error without end": lambda: chain(
        [b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n"], repeat(_chunk(b" " * 65_536))
    ),
}


def _refused(url: str, bounds: Bounds, limits: RateLimits, api: str = "app") -> CustomerioError:
    """The error of one try of a call against that server."""
    began = time.monotonic()
    with (
        Client(
            app_api_key="key",
            track_site_id="site",
            track_api_key="key",
            app_url=url,
            track_url=url,
            limits=limits,
            bounds=bounds,
            retry_for_s=0,
        ) as client,
        pytest.raises(CustomerioError) as caught,
    ):
        if api == "app":
            client.call("listCampaigns")
        else:
            client.call("identify", path={"identifier": "jo"}, body={"note": "x" * (16 * MB)})
    assert time.monotonic() - began < LONG_S
    return caught.value


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW.keys())
def test_a_trickle_ends_within_the_time_of_an_answer(
    answer: Callable[[], Sent], unlimited: RateLimits
) -> None:
    """Bytes that come one at a time meet no timeout of silence: the time in total ends them."""
    with hostile(answer) as url:
        error = _refused(url, SHORT, unlimited)
    assert isinstance(error, Unavailable)
    assert "the bound is 0.3 s" in str(error)


@pytest.mark.parametrize("answer", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_is_refused_in_bounded_memory(answer: Callable[[], Sent], unlimited: RateLimits) -> None:
    """An answer beyond its size is not read on: memory stays some times the bound, whatever is offered."""
    with hostile(answer) as url:
        tracemalloc.start()
        try:
            error = _refused(url, BOUNDS, unlimited)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert isinstance(error, TooLarge)
    assert "the bound is" in str(error)
    assert peak < 8 * MB


def test_an_encoding_within_an_encoding_is_not_unpacked(unlimited: RateLimits) -> None:
    """Only gzip was asked for: each further encoding would multiply what a byte unpacks to."""
    head = b"Content-Encoding: gzip, gzip\r\nContent-Length: 2\r\n\r\n{}"
    with hostile(lambda: iter([OK, head])) as url:
        error = _refused(url, BOUNDS, unlimited)
    assert isinstance(error, Unavailable)
    assert "cannot be decompressed" in str(error)


def test_a_push_to_a_server_that_does_not_read_ends(unlimited: RateLimits) -> None:
    """A request that is not taken ends within the time of an answer, and may have taken effect."""
    with hostile(lambda: _slowly(repeat(b"")), reads=False) as url:
        error = _refused(url, SHORT, unlimited, "track")
    assert isinstance(error, Unavailable)
    assert error.ambiguous


def test_a_proxy_is_bounded_too(unlimited: RateLimits, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that never ends its answer to CONNECT is given up in time, as a server is."""
    with hostile(SLOW["bytes of a header"]) as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        with (
            Client(app_api_key="key", limits=unlimited, bounds=SHORT, retry_for_s=0) as client,
            pytest.raises(Unavailable, match=r"the bound is 0\.3 s"),
        ):
            client.call("listCampaigns")


def test_a_slow_download_ends(unlimited: RateLimits, tmp_path: Path) -> None:
    """A download has a time in total; without an ETag nothing of it is kept."""
    with hostile(SLOW["bytes of a body"]) as url:
        error = _no_download(url, SHORT, unlimited, tmp_path)
    assert isinstance(error, Unavailable)
    assert "the bound is 0.3 s" in str(error)


@pytest.mark.parametrize(
    "name", ["a body without end", "a body until the connection closes", "chunks of one byte", "2 GB of gzip"]
)
def test_a_download_without_end_is_refused(name: str, unlimited: RateLimits, tmp_path: Path) -> None:
    """A download beyond its size is given up, and leaves no part on the disk."""
    with hostile(FLOODS[name]) as url:
        error = _no_download(url, BOUNDS, unlimited, tmp_path)
    assert isinstance(error, TooLarge)


def _no_download(url: str, bounds: Bounds, limits: RateLimits, folder: Path) -> CustomerioError:
    began = time.monotonic()
    with (
        Client(app_api_key="key", limits=limits, bounds=bounds, retry_for_s=0) as client,
        pytest.raises(CustomerioError) as caught,
    ):
        client.download(f"{url}/file.csv", folder / "file.csv")
    assert time.monotonic() - began < LONG_S
    assert [] == list(folder.iterdir())
    return caught.value


def _endless() -> Callable[[httpx.Request], httpx.Response]:
    """A list of fresh rows and fresh tokens, for ever."""
    numbers = count()

    def outside(_: httpx.Request) -> httpx.Response:
        number = next(numbers)
        return httpx.Response(200, json={"newsletters": [{"id": number}], "next": f"token {number}"})

    return outside


@pytest.mark.parametrize("bounds", [Bounds(list_pages=5), Bounds(list_s=1e-9)], ids=["pages", "seconds"])
def test_a_list_of_fresh_rows_without_end_ends(client_of: ClientOf, bounds: Bounds) -> None:
    """No page comes twice and no token: the number of pages, or their time, ends the list."""
    with pytest.raises(EndlessPages, match=r"had no end after [15] pages"):
        list(client_of(_endless(), bounds=bounds).pages("listNewsletters"))


def test_a_page_of_many_times_the_records_asked_for_is_refused(client_of: ClientOf) -> None:
    """A page may have more records than were asked for, not ten times as many."""
    rows = [{"id": number} for number in range(21)]
    client = client_of(lambda _: httpx.Response(200, json={"newsletters": rows, "next": ""}))
    assert [21] == [len(page.records) for page in client.pages("listNewsletters", query={"limit": 3})]
    with pytest.raises(TooLarge, match="asked for 2 records and answered 21"):
        list(client.pages("listNewsletters", query={"limit": 2}))
