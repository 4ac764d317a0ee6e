"""Hosts and keys are checked before the first request."""

from typing import Any

import pytest

from sources.customerio.client import ConfigError
from sources.customerio.client.hosts import host_of, is_loopback, may_receive_keys


@pytest.mark.parametrize(
    ("api", "region", "root"),
    [
        ("app", "us", "https://api.customer.io"),
        ("app", "eu", "https://api-eu.customer.io"),
        ("track", "us", "https://track.customer.io"),
        ("track", "eu", "https://track-eu.customer.io"),
    ],
)
def test_the_region_chooses_the_host(api: Any, region: str, root: str) -> None:
    """Each API has one host in each region."""
    keys = ("key",) if api == "app" else ("site", "key")
    assert host_of(api, region, None, keys).root == root


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        (" https://proxy.example.com ", "https://proxy.example.com"),
    ],
)
def test_another_host_may_be_named(url: str, root: str) -> None:
    """Https anywhere and http on this machine are taken, with or without a slash at the end."""
    assert host_of("app", "us", url, ("key",)).root == root


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com", "must be https, or http on this machine"),
        ("http://127.0.0.1.example.com", "must be https, or http on this machine"),
        ("ftp://localhost", "must be https, or http on this machine"),
        ("api.customer.io", "must be https, or http on this machine"),
        ("https://api.customer.io/v1", "leave out the path '/v1'"),
        ("https://user:secret@api.customer.io", "leave out the user"),
        ("https://api.customer.io?a=1", "leave out the user, the query"),
        ("https://api.customer.io:port", "is not a URL"),
    ],
)
def test_a_url_that_cannot_be_right_is_refused(url: str, says: str) -> None:
    """A wrong URL is refused with its setting's name and without what it holds."""
    with pytest.raises(ConfigError, match=says) as caught:
        host_of("track", "us", url, ("site", "key"))
    assert "CUSTOMERIO_TRACK_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_unknown_region_is_refused() -> None:
    """Only us and eu are regions."""
    with pytest.raises(ConfigError, match="CUSTOMERIO_REGION is 'de'; it must be us or eu"):
        host_of("app", "de", None, ("key",))


def test_keys_are_stripped() -> None:
    """A line end that came along with a copied key does no harm."""
    assert host_of("app", "us", None, (" key\n",)).authorization == "Bearer key"


def test_track_keys_make_a_basic_header() -> None:
    """The Track API takes the site id as user and the key as password."""
    assert host_of("track", "us", None, ("site", "key")).authorization == "Basic c2l0ZTprZXk="


@pytest.mark.parametrize("key", ["two words", "schlüssel", "a\r\nb", "“quoted”"])
def test_a_key_that_no_header_can_hold_is_refused(key: str) -> None:
    """A mangled key is refused by the name of its setting and is not shown."""
    with pytest.raises(ConfigError, match="CUSTOMERIO_APP_API_KEY holds") as caught:
        host_of("app", "us", None, (key,))
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "missing"),
    [
        ((None, None), "CUSTOMERIO_TRACK_SITE_ID and CUSTOMERIO_TRACK_API_KEY"),
        (("site", " "), "set CUSTOMERIO_TRACK_API_KEY"),
    ],
)
def test_a_missing_key_is_named_when_it_is_needed(keys: tuple[str | None, ...], missing: str) -> None:
    """A key may be left out until an operation needs it."""
    host = host_of("track", "us", None, keys)
    with pytest.raises(ConfigError, match=missing):
        _ = host.authorization


@pytest.mark.parametrize(
    ("source", "target", "scheme", "may"),
    [
        ("track.customer.io", "track-eu.customer.io", "https", True),
        ("track.customer.io", "track-eu.customer.io", "http", False),
        ("track.customer.io", "evilcustomer.io", "https", False),
        ("track.customer.io", "customer.io.example.com", "https", False),
        ("track.customer.io", "127.0.0.1", "http", False),
        ("127.0.0.1", "localhost", "http", True),
        ("127.0.0.1", "example.com", "https", False),
    ],
)
def test_keys_stay_within_customer_io(source: str, target: str, scheme: str, may: bool) -> None:
    """A redirect may carry the keys within Customer.io or within this machine only."""
    assert may_receive_keys(source, target, scheme) is may


def test_this_machine_has_several_names() -> None:
    """Loopback is recognised by address, not by the look of a name."""
    assert [
        is_loopback(host) for host in ("127.9.9.9", "::1", "LOCALHOST", "localhost.example.com", None)
    ] == [
        True,
        True,
        True,
        False,
        False,
    ]
