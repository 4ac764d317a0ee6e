"""Downloads: signed links are followed without keys, shown nowhere, and leave whole files or none."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from sources.customerio.client import BadAnswer, Client, LinkExpired, Unavailable

ClientOf = Callable[..., Client]
LINK = "https://store.example/exports/1.csv?X-Signature=s3cr3t%2Bsig&X-Expires=900"
CSV = b"id,name\n1,Jo\n" * 1000


class Broken(httpx.SyncByteStream):
    """A body that breaks in the middle."""

    def __iter__(self) -> Iterator[bytes]:
        yield CSV[:100]
        msg = "peer closed connection"
        raise httpx.RemoteProtocolError(msg)


def test_a_download_goes_without_keys(client_of: ClientOf, tmp_path: Path) -> None:
    """The store gets the link as it is and no Authorization, and the file is what it sent."""
    seen = []

    def store(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.headers.get("authorization")))
        return httpx.Response(200, content=CSV)

    target = tmp_path / "people.csv"
    assert client_of(store).download(LINK, target) == len(CSV)
    assert seen == [(LINK, None)]
    assert target.read_bytes() == CSV


def test_compressed_downloads_are_unpacked(client_of: ClientOf, tmp_path: Path) -> None:
    """A transparent Content-Encoding is undone; Content-Length counts the bytes before that."""
    packed = gzip.compress(CSV)
    client = client_of(lambda _: httpx.Response(200, stream=httpx.ByteStream(packed), headers=_gzip(packed)))
    assert client.download(LINK, tmp_path / "people.csv") == len(CSV)


def _gzip(packed: bytes) -> dict[str, str]:
    return {"Content-Encoding": "gzip", "Content-Length": str(len(packed))}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_an_expired_link_is_told_apart(client_of: ClientOf, tmp_path: Path, status: int) -> None:
    """A link that the store refuses needs a fresh one and no repeat."""
    requests = []

    def store(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(status, text=f"<Error>{LINK}</Error>")

    with pytest.raises(LinkExpired, match="Ask for a fresh one") as caught:
        client_of(store).download(LINK, tmp_path / "people.csv")
    assert "Signature" not in str(caught.value)
    assert (caught.value.status, len(requests)) == (status, 1)


@pytest.mark.parametrize(
    "first",
    [
        httpx.Response(200, stream=httpx.ByteStream(CSV[:100]), headers={"Content-Length": str(len(CSV))}),
        httpx.Response(200, stream=Broken()),
        httpx.Response(503),
        httpx.Response(429),
    ],
    ids=["short", "broken", "503", "429"],
)
def test_a_failed_download_is_repeated(client_of: ClientOf, tmp_path: Path, first: httpx.Response) -> None:
    """A short or broken body and a failing store are tried again, and no half file is ever in place."""
    answers = iter([first, httpx.Response(200, content=CSV)])
    target = tmp_path / "people.csv"
    assert client_of(lambda _: next(answers)).download(LINK, target) == len(CSV)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("people.csv", CSV)]


def test_a_download_that_goes_on_failing_leaves_the_old_file(client_of: ClientOf, tmp_path: Path) -> None:
    """What was there before stays until a whole file replaces it, and the error names no link."""
    target = tmp_path / "people.csv"
    target.write_bytes(b"old")
    client = client_of(lambda _: httpx.Response(200, stream=Broken()))
    with pytest.raises(Unavailable, match="lost the connection") as caught:
        client.download(LINK, target)
    assert "store.example" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize(
    "link",
    ["http://store.example/x?X-Signature=1", "ftp://127.0.0.1/x?X-Signature=1", "https://a:b:c/X-Signature"],
)
def test_a_link_that_is_not_https_is_not_followed(client_of: ClientOf, tmp_path: Path, link: str) -> None:
    """A link over plain http is followed on this machine only."""
    client = client_of(lambda _: httpx.Response(200, content=CSV))
    with pytest.raises(BadAnswer) as caught:
        client.download(link, tmp_path / "x")
    assert "Signature" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "followed"),
    [
        ("https://other.example/file", True),
        ("/elsewhere", True),
        ("http://127.0.0.1:9/file", True),
        ("http://store.example/file", False),
    ],
)
def test_redirects_stay_private(client_of: ClientOf, tmp_path: Path, location: str, followed: bool) -> None:
    """Redirects are followed to https and to this machine."""
    answers = iter([httpx.Response(302, headers={"Location": location}), httpx.Response(200, content=CSV)])
    client = client_of(lambda _: next(answers))
    if followed:
        assert client.download(LINK, tmp_path / "x") == len(CSV)
        return
    with pytest.raises(BadAnswer, match="without https"):
        client.download(LINK, tmp_path / "x")


def test_endless_redirects_end(client_of: ClientOf, tmp_path: Path) -> None:
    """A store that redirects in a circle is an error."""
    client = client_of(lambda request: httpx.Response(302, headers={"Location": str(request.url)}))
    with pytest.raises(BadAnswer, match="more than 5 times"):
        client.download(LINK, tmp_path / "x")
