"""Downloads: signed links are requested without keys, never shown, and resumed where they broke off."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from sources.customerio.client import BadAnswer, Client, LinkExpired, Unavailable

ClientOf = Callable[..., Client]
Outside = Callable[[httpx.Request], httpx.Response]
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
    """The old file stays until a whole one replaces it, and the error names no link."""
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
        ("http://127.0.0.1:9/file", False),
        ("http://store.example/file", False),
    ],
)
def test_redirects_stay_private(client_of: ClientOf, tmp_path: Path, location: str, followed: bool) -> None:
    """From https, redirects are followed to https alone, not to a server of this machine either."""
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


class Store:
    """A store with ranges that breaks after some bytes of each answer; `asked` are the headers it got."""

    def __init__(self, content: bytes = CSV, *, etag: str | None = '"v1"', breaks_after: int = 0) -> None:
        self.content = content
        self.etag = etag
        self.breaks_after = breaks_after
        self.asked: list[tuple[str | None, str | None]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer with the file, or with the range of it that the right content was asked for."""
        wanted, condition = request.headers.get("range"), request.headers.get("if-range")
        self.asked.append((wanted, condition))
        headers = {"ETag": self.etag} if self.etag else {}
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and condition == self.etag else 0
        body = self.content[start:]
        if start >= len(self.content):
            return httpx.Response(416, headers={**headers, "Content-Range": f"bytes */{len(self.content)}"})
        headers["Content-Length"] = str(len(body))
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        shown = body[: self.breaks_after] if self.breaks_after else body
        return httpx.Response(206 if start else 200, stream=httpx.ByteStream(shown), headers=headers)


def test_a_broken_download_is_resumed(client_of: ClientOf, tmp_path: Path) -> None:
    """Each try asks for what is missing, of the same content, and the file is whole in the end."""
    store = Store(breaks_after=5000)
    target = tmp_path / "people.csv"
    assert client_of(store).download(LINK, target) == len(CSV)
    assert store.asked == [(None, None), ("bytes=5000-", '"v1"'), ("bytes=10000-", '"v1"')]
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("people.csv", CSV)]


def test_another_process_resumes(client_of: ClientOf, tmp_path: Path) -> None:
    """The part left by one process is resumed by the next one, with another link."""
    store = Store(breaks_after=1000)
    target = tmp_path / "people.csv"
    with pytest.raises(Unavailable, match="ended after 4,000 of 13,000 bytes"):
        client_of(store).download(LINK, target)
    assert not target.exists()
    store.breaks_after = 0
    assert client_of(store).download(LINK + "2", target) == len(CSV)
    assert store.asked[-1] == ("bytes=4000-", '"v1"')
    assert target.read_bytes() == CSV


def test_a_dead_link_leaves_what_has_arrived(client_of: ClientOf, tmp_path: Path) -> None:
    """A link that expires in the middle costs none of the bytes that came."""
    store = Store(breaks_after=5000)
    links: Iterator[Outside] = iter([store, lambda _: httpx.Response(403), store, store])
    client = client_of(lambda request: next(links)(request))
    target = tmp_path / "people.csv"
    with pytest.raises(LinkExpired):
        client.download(LINK, target)
    assert client.download(LINK + "2", target) == len(CSV)
    assert store.asked[1] == ("bytes=5000-", '"v1"')
    assert target.read_bytes() == CSV


def test_other_content_is_fetched_from_its_beginning(client_of: ClientOf, tmp_path: Path) -> None:
    """Bytes of two contents are never put together."""
    old, new = Store(b"old" * 5000, breaks_after=9000), Store(CSV, etag='"v2"')
    stores = iter([old, new])
    target = tmp_path / "people.csv"
    assert client_of(lambda request: next(stores)(request)).download(LINK, target) == len(CSV)
    assert new.asked == [("bytes=9000-", '"v1"')]
    assert target.read_bytes() == CSV


@pytest.mark.parametrize("etag", [None, 'W/"v1"'])
def test_content_that_cannot_be_told_is_fetched_from_its_beginning(
    client_of: ClientOf, tmp_path: Path, etag: str | None
) -> None:
    """Without a strong ETag the rest may be of another file; no part is kept."""
    store = Store(etag=etag, breaks_after=5000)
    client = client_of(store)
    with pytest.raises(Unavailable):
        client.download(LINK, tmp_path / "people.csv")
    assert {(None, None)} == set(store.asked)
    assert [] == list(tmp_path.iterdir())


def test_a_whole_part_needs_no_more_bytes(client_of: ClientOf, tmp_path: Path) -> None:
    """A process that ended between the last byte and the file's place has everything."""
    store = Store()
    target = tmp_path / "people.csv"
    _part(target, CSV, '"v1"')
    assert client_of(store).download(LINK, target) == len(CSV)
    assert store.asked == [(f"bytes={len(CSV)}-", '"v1"')]
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("people.csv", CSV)]


@pytest.mark.parametrize("arrived", [b"x" * (len(CSV) + 1), b""], ids=["too long", "empty"])
def test_a_part_that_cannot_be_is_forgotten(client_of: ClientOf, tmp_path: Path, arrived: bytes) -> None:
    """A part that does not fit the file is not resumed."""
    target = tmp_path / "people.csv"
    _part(target, arrived, '"v1"')
    assert client_of(Store()).download(LINK, target) == len(CSV)
    assert target.read_bytes() == CSV


def test_a_store_that_answers_with_other_bytes_is_not_believed(client_of: ClientOf, tmp_path: Path) -> None:
    """A range that begins elsewhere is thrown away with the part, and all is fetched anew."""
    headers = {"ETag": '"v1"', "Content-Range": f"bytes 0-99/{len(CSV)}"}
    answers = iter(
        [httpx.Response(206, content=CSV[:100], headers=headers), httpx.Response(200, content=CSV)]
    )
    target = tmp_path / "people.csv"
    _part(target, CSV[:50], '"v1"')
    assert client_of(lambda _: next(answers)).download(LINK, target) == len(CSV)
    assert target.read_bytes() == CSV


def _part(target: Path, arrived: bytes, etag: str) -> None:
    """The part that an earlier process has left of that target."""
    target.with_name(f"{target.name}.part").write_bytes(arrived)
    target.with_name(f"{target.name}.part.etag").write_text(etag)


@pytest.mark.parametrize("link", ["https://[bad?Signature=secret", "https://a b/x", "https:///x"])
def test_a_link_without_a_host_is_refused_at_once(client_of: ClientOf, tmp_path: Path, link: str) -> None:
    """No host has such a name, so nothing is repeated for minutes; the link is not shown."""
    with pytest.raises(BadAnswer) as raised:
        client_of(lambda _: httpx.Response(200)).download(link, tmp_path / "x")
    assert "secret" not in str(raised.value)
    assert 1 == raised.value.attempts


def _upper(blocks: Iterator[bytes]) -> Iterator[bytes]:
    return (block.upper() for block in blocks)


def test_bytes_that_are_changed_on_their_way_are_the_only_ones_written(
    client_of: ClientOf, tmp_path: Path
) -> None:
    """A part of before goes, a broken try leaves nothing and is not resumed; the length is that received."""
    target = tmp_path / "people.csv"
    seen: list[str | None] = []
    bodies = iter([Broken(), httpx.ByteStream(CSV)])

    def store(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("range"))
        assert [] == [path for path in tmp_path.iterdir() if b"Jo" in path.read_bytes()]
        headers = {"ETag": '"1"', "Content-Length": str(len(CSV))}
        return httpx.Response(200, stream=next(bodies), headers=headers)

    (tmp_path / "people.csv.part").write_bytes(CSV[:50])
    (tmp_path / "people.csv.part.etag").write_text('"1"')
    assert client_of(store).download(LINK, target, _upper) == len(CSV)
    assert [None, None] == seen
    assert CSV.upper() == target.read_bytes()
    assert [target] == list(tmp_path.iterdir())


def test_a_file_that_cannot_be_changed_is_not_kept(client_of: ClientOf, tmp_path: Path) -> None:
    """Bytes that the change cannot read are told, and none of them is written."""

    def broken(blocks: Iterator[bytes]) -> Iterator[bytes]:
        yield next(blocks)
        msg = "cut"
        raise EOFError(msg)

    client = client_of(lambda _: httpx.Response(200, content=CSV))
    with pytest.raises(BadAnswer, match="cannot be read"):
        client.download(LINK, tmp_path / "people.csv", broken)
    assert [] == list(tmp_path.iterdir())
