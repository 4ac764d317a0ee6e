"""The hosts of both APIs and their credentials, from region, URLs and keys of the settings.

Everything is checked before the first request; an error names the wrong setting.
"""

from base64 import b64encode
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from sources.errors import ConfigError

Region = Literal["us", "eu"]
"""The region of a workspace."""
Api = Literal["app", "track"]

# https://docs.customer.io/integrations/api/app/ and https://docs.customer.io/integrations/api/track/
HOSTS: dict[tuple[Api, str], str] = {
    ("app", "us"): "https://api.customer.io",
    ("app", "eu"): "https://api-eu.customer.io",
    ("track", "us"): "https://track.customer.io",
    ("track", "eu"): "https://track-eu.customer.io",
}
"""The root of each API in each region."""

URL_SETTINGS: dict[Api, str] = {"app": "CUSTOMERIO_APP_URL", "track": "CUSTOMERIO_TRACK_URL"}
"""The setting that overrides the root of each API."""
KEY_SETTINGS: dict[Api, tuple[str, ...]] = {
    "app": ("CUSTOMERIO_APP_API_KEY",),
    "track": ("CUSTOMERIO_TRACK_SITE_ID", "CUSTOMERIO_TRACK_API_KEY"),
}
"""The settings with the credentials of each API, in the order of `Host.keys`."""


@dataclass(frozen=True)
class Host:
    """The root of one API, without `/v1`, and the keys that it takes.

    Attributes:
        api: Which API.
        region: The region that was asked for.
        root: Scheme and host, without a slash at the end.
        keys: The keys in the order of `KEY_SETTINGS`; None where one was not given.
    """

    api: Api
    region: str
    root: str
    keys: tuple[str | None, ...]

    @property
    def name(self) -> str:
        """The host as messages show it."""
        return self.root.partition("://")[2]

    @property
    def is_customer_io(self) -> bool:
        """True if the host is one of Customer.io's own."""
        return f".{urlsplit(self.root).hostname}".endswith(".customer.io")

    @property
    def authorization(self) -> str:
        """The header's value: Bearer for the App API, Basic for the Track API.

        Raises:
            ConfigError: A key was not given.
        """
        given = [key for key in self.keys if key]
        if len(given) < len(self.keys):
            settings = zip(KEY_SETTINGS[self.api], self.keys, strict=True)
            missing = " and ".join(setting for setting, key in settings if not key)
            msg = f"The {self.api.title()} API needs a key that was not given: set {missing}."
            raise ConfigError(msg)
        if self.api == "app":
            return f"Bearer {given[0]}"
        return f"Basic {b64encode(':'.join(given).encode()).decode()}"

    @property
    def identity(self) -> str:
        """The id of the workspace for its rate limits: its App key or its Track site id."""
        return self.keys[0] or ""


def host_of(api: Api, region: str, url: str | None, keys: tuple[str | None, ...]) -> Host:
    """The host of that API, with its keys, all checked.

    Raises:
        ConfigError: The region, the URL or a key is invalid.
    """
    if (api, region) not in HOSTS:
        msg = f"CUSTOMERIO_REGION is {region!r}; it must be us or eu, as in the workspace's account settings."
        raise ConfigError(msg)
    cleaned = tuple(_key(setting, key) for setting, key in zip(KEY_SETTINGS[api], keys, strict=True))
    return Host(api, region, _root(URL_SETTINGS[api], url) if url else HOSTS[api, region], cleaned)


def is_loopback(host: str | None) -> bool:
    """True if that host is this machine."""
    if host is None:
        return False
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe(scheme: str, host: str | None) -> bool:
    """True if keys may be sent there: over https anywhere, over http on this machine only."""
    return bool(host) and (scheme == "https" or (scheme == "http" and is_loopback(host)))


def may_receive_keys(source: str, target: str, scheme: str) -> bool:
    """True if the keys may follow a redirect: within customer.io over https, or on this machine."""
    within = target == "customer.io" or target.endswith(".customer.io")
    return (within and scheme == "https") or (is_loopback(source) and is_loopback(target))


def _key(setting: str, key: str | None) -> str | None:
    key = (key or "").strip()
    if any(not "!" <= sign <= "~" for sign in key):
        msg = (
            f"{setting} holds a space or a sign that no key of Customer.io has. Copy the key again, "
            "without quotes and on one line."
        )
        raise ConfigError(msg)
    return key or None


def _root(setting: str, url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        msg = f"{setting} is not a URL. Give the root of the host, such as https://api.customer.io."
        raise ConfigError(msg) from None
    if parts.username is not None or parts.query or parts.fragment:
        msg = f"{setting} must be the root of a host only: leave out the user, the query and the fragment."
        raise ConfigError(msg)
    if not is_safe(parts.scheme, host):
        msg = (
            f"{setting} must be https, or http on this machine (http://127.0.0.1:PORT), since it receives "
            f"the key; it has scheme {parts.scheme or 'none'!r} and host {host or 'none'!r}."
        )
        raise ConfigError(msg)
    if parts.path not in ("", "/"):
        msg = f"{setting} must be the root of the host; leave out the path {parts.path!r}."
        raise ConfigError(msg)
    return f"{parts.scheme}://{parts.netloc}"
