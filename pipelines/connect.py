"""The client, made from the settings, and the first words with Customer.io."""

from pipelines.settings import Settings
from sources.customerio.client import Client, Forbidden, RateLimits

_GREETING_S = 10.0


def client(settings: Settings) -> Client:
    """A client for both APIs that shares its rate limits with every other run on this machine."""
    return _client(settings, retry_for_s=600.0)


def greet(settings: Settings) -> None:
    """Find out quickly whether Customer.io can be reached and knows the key, before any long work.

    Raises:
        ConfigError: no key, a key that is not known there, or one that may not be used from here.
        Unavailable: nobody answers at the host.
    """
    with _client(settings, retry_for_s=_GREETING_S) as brief:
        try:
            brief.call("listWorkspaces")
        except Forbidden:
            # The key is known; what else it may not read, the sync will say.
            return


def _client(settings: Settings, *, retry_for_s: float) -> Client:
    def secret(name: str) -> str | None:
        value = getattr(settings, name)
        return value.get_secret_value() if value else None

    return Client(
        app_api_key=secret("customerio_app_api_key"),
        track_site_id=secret("customerio_track_site_id"),
        track_api_key=secret("customerio_track_api_key"),
        region=settings.customerio_region,
        app_url=settings.customerio_app_url,
        track_url=settings.customerio_track_url,
        limits=RateLimits(settings.cio_elt_limits, speed=settings.cio_elt_speed),
        retry_for_s=retry_for_s,
    )
