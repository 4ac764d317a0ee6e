"""The client for the settings, and the first check of the key, the region and the host."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from pipelines.errors import ConfigError, EltError
from pipelines.settings import Settings, env_file
from sources.customerio.client import (
    Forbidden,
    RateLimits,
    RetryLater,
    Unauthorized,
    Unreachable,
    reading_answers,
)

if TYPE_CHECKING:
    from sources.customerio.client import Client

# Seconds for which a request is retried: in a run, and while a user waits for the first answer.
_RETRY_S = 600.0
_BRIEF_RETRY_S = 6.0


@contextmanager
def client(settings: Settings, *, retry_for_s: float = _RETRY_S) -> Iterator["Client"]:
    """A client for both APIs that shares its rate limits with every other run on this machine.

    Args:
        settings: keys, region, hosts and limits.
        retry_for_s: seconds for which a request is retried.

    Raises:
        ConfigError: a key or URL is invalid, or the folder of the limits cannot be written.
    """
    from sources.customerio.client import Client

    limits = _limits(settings)
    try:
        with Client(
            app_api_key=_plain(settings.customerio_app_api_key),
            track_site_id=_plain(settings.customerio_track_site_id),
            track_api_key=_plain(settings.customerio_track_api_key),
            region=settings.customerio_region,
            app_url=settings.customerio_app_url,
            track_url=settings.customerio_track_url,
            limits=limits,
            retry_for_s=retry_for_s,
            any_clock=settings.cio_elt_any_clock,
        ) as calls:
            yield calls
    finally:
        limits.close()


@contextmanager
def given_client(settings: Settings, given: "Client | None") -> Iterator["Client"]:
    """The client that is given, which stays open; or one for these settings if none is."""
    if given is not None:
        yield given
        return
    with client(settings) as calls:
        yield calls


@contextmanager
def brief_client(settings: Settings) -> Iterator["Client"]:
    """A client that retries for a few seconds only, for a user who waits."""
    with client(settings, retry_for_s=_BRIEF_RETRY_S) as calls:
        yield calls


@dataclass(frozen=True)
class Access:
    """The result of the first check.

    Attributes:
        people: Number of people in the key's workspaces; 0 if the key may not list them.
        workspaces: Names of the workspaces of the key's account by id; empty if the key may not list them.
        ahead_s: Seconds by which Customer.io's clock is ahead of this machine's.
    """

    people: int
    ahead_s: int
    workspaces: Mapping[int, str]


def check_access(settings: Settings) -> Access:
    """Check within seconds that Customer.io can be reached and accepts the key, before any long work.

    Raises:
        ConfigError: the key is missing, unknown, or not allowed from this machine.
        Unreachable: the host does not respond.
    """
    people, names = 0, {}
    check_app_key(settings)
    with brief_client(settings) as brief:
        try:
            workspaces = brief.call("listWorkspaces").records("workspaces")
            with reading_answers("`listWorkspaces`"):
                people = sum(int(workspace.get("people") or 0) for workspace in workspaces)
                names = {int(workspace["id"]): str(workspace.get("name")) for workspace in workspaces}
        except Unauthorized as error:
            raise (_cause(settings) or error) from None
        except Unreachable:
            raise
        except (Forbidden, RetryLater):
            # The key is accepted; the sync reports resources that it may not read. A server that asks to
            # retry later may recover, and the sync's own requests are retried for minutes.
            pass
        return Access(people=people, ahead_s=brief.now() - int(time.time()), workspaces=names)


def check_app_key(settings: Settings) -> None:
    """Check that the settings have an App API key.

    Raises:
        ConfigError: they have none; it says where one is made, and where it is written.
    """
    if settings.customerio_app_api_key is not None:
        return
    msg = (
        "The App API needs a key, and CUSTOMERIO_APP_API_KEY is not set. Make one in Customer.io, in the "
        "account settings under API credentials, App API Keys; then write CUSTOMERIO_APP_API_KEY=... into "
        f"{env_file()}, or set it in the environment."
    )
    raise ConfigError(msg)


def track_region(settings: Settings) -> str | None:
    """The workspace's region from the Track API, which returns the true one on both regional hosts.

    None if the Track keys are not set, or if only the App API's host was replaced: then Customer.io's own
    Track API does not have the workspace.
    """
    elsewhere = bool(settings.customerio_app_url) and not settings.customerio_track_url
    if elsewhere or not (settings.customerio_track_site_id and settings.customerio_track_api_key):
        return None
    with brief_client(settings) as brief:
        return str(brief.call("getRegion").field("region"))


def wrong_region(settings: Settings, region: str) -> Unauthorized:
    """The error for settings that name another region than the workspace's."""
    msg = (
        f"The workspace is in region {region!r}, as the Track API says, and CUSTOMERIO_REGION is "
        f"{settings.customerio_region!r}. Set CUSTOMERIO_REGION={region}."
    )
    return Unauthorized(msg, status=401)


def _cause(settings: Settings) -> Unauthorized | None:
    """The reason why the App API does not accept the key, if the Track API can prove one."""
    try:
        if _is_track_key(settings):
            msg = (
                "CUSTOMERIO_APP_API_KEY holds a Track API key: the Track API accepts it, the App API does "
                "not. Make an App API key in Customer.io, in the account settings under API credentials, "
                "App API Keys, and set CUSTOMERIO_APP_API_KEY to it."
            )
            return Unauthorized(msg, status=401)
        region = track_region(settings)
    except EltError:
        return None
    if region is None:
        return None
    if region != settings.customerio_region:
        return wrong_region(settings, region)
    msg = (
        "The App API does not accept the key in CUSTOMERIO_APP_API_KEY (401). The region is right, as the "
        "Track API says, so the key is revoked, mistyped or of another account, or its IP allowlist lacks "
        "this machine. See Customer.io's account settings under API credentials, App API Keys."
    )
    return Unauthorized(msg, status=401)


def _is_track_key(settings: Settings) -> bool:
    """True if the Track API accepts the App API key, which it never does with a real one."""
    key = settings.customerio_app_api_key
    if key == settings.customerio_track_api_key:
        return True
    try:
        return track_region(settings.model_copy(update={"customerio_track_api_key": key})) is not None
    except Unauthorized:
        return False


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _limits(settings: Settings) -> RateLimits:
    url = _plain(settings.cio_elt_limits_url)
    try:
        return RateLimits(url or settings.cio_elt_limits, speed=settings.cio_elt_speed)
    except ConfigError as error:
        error.add_sentence(f"{'CIO_ELT_LIMITS_URL' if url else 'CIO_ELT_LIMITS'} names it.")
        raise
