"""The client, made from the settings, and the first words with Customer.io."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from pipelines.settings import Settings
from sources.customerio.client import (
    Client,
    ConfigError,
    CustomerioError,
    Forbidden,
    RateLimits,
    RetryLater,
    Unauthorized,
    Unreachable,
)

_PATIENT_S = 600.0
_GREETING_S = 6.0


@contextmanager
def client(settings: Settings, *, retry_for_s: float = _PATIENT_S) -> Iterator[Client]:
    """A client for both APIs that shares its rate limits with every other run on this machine.

    Raises:
        ConfigError: a key or URL cannot be right, or the folder of the limits cannot be written.
    """
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
        ) as calls:
            yield calls
    finally:
        limits.close()


@contextmanager
def brief_client(settings: Settings) -> Iterator[Client]:
    """A client for somebody who waits: it gives up after seconds."""
    with client(settings, retry_for_s=_GREETING_S) as calls:
        yield calls


def greet(settings: Settings) -> None:
    """Find out quickly whether Customer.io can be reached and knows the key, before any long work.

    Raises:
        ConfigError: no key, a key that is not known there, or one that may not be used from here.
        Unreachable: nobody answers at the host.
    """
    with brief_client(settings) as brief:
        try:
            brief.call("listWorkspaces")
        except Unauthorized as error:
            raise (_cause(settings) or error) from None
        except Forbidden:
            # The key is known; what else it may not read, the sync will say.
            return
        except RetryLater as error:
            # Somebody answers; whether they recover is for the sync's own patience to find out.
            if isinstance(error, Unreachable):
                raise


def track_region(settings: Settings) -> str | None:
    """The workspace's region as the Track API tells it; on either regional host it tells the true one.

    None where its keys are not set, or where only the App API's host was replaced: whatever answers there,
    Customer.io's own Track API knows nothing of it.
    """
    elsewhere = bool(settings.customerio_app_url) and not settings.customerio_track_url
    if elsewhere or not (settings.customerio_track_site_id and settings.customerio_track_api_key):
        return None
    with brief_client(settings) as brief:
        return str(brief.call("getRegion").json()["region"])


def wrong_region(settings: Settings, region: str) -> Unauthorized:
    """The settings name another region than the workspace's."""
    msg = (
        f"The workspace lives in region {region!r}, as the Track API says, and CUSTOMERIO_REGION is "
        f"{settings.customerio_region!r}. Set CUSTOMERIO_REGION={region}."
    )
    return Unauthorized(msg, status=401)


def _cause(settings: Settings) -> Unauthorized | None:
    """Why the App API does not accept the key, where the Track API can tell."""
    try:
        if _is_track_key(settings):
            msg = (
                "CUSTOMERIO_APP_API_KEY holds a Track API key: the Track API accepts it, the App API does "
                "not. Make an App API key in Customer.io, in the account settings under API credentials, "
                "App API Keys, and set CUSTOMERIO_APP_API_KEY to it."
            )
            return Unauthorized(msg, status=401)
        region = track_region(settings)
    except CustomerioError:
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
    """Whether the App API key opens the Track API, which an App API key never does."""
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
    try:
        return RateLimits(settings.cio_elt_limits, speed=settings.cio_elt_speed)
    except ConfigError as error:
        error.add_sentence("CIO_ELT_LIMITS names it.")
        raise
