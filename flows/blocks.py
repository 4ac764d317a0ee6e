"""Secrets as Prefect Secret blocks: saved by `setup`, read by runs whose environment lacks them."""

from typing import Any, Final

from prefect.blocks.system import Secret
from pydantic import SecretStr

from pipelines.settings import Settings, read_settings

BLOCKS: Final = {
    "customerio_app_api_key": "customerio-app-api-key",
    "customerio_track_site_id": "customerio-track-site-id",
    "customerio_track_api_key": "customerio-track-api-key",
    "cio_elt_limits_url": "cio-elt-limits-url",
}
"""The settings that are secrets, and the name of the block of each."""


def settings_of_run() -> Settings:
    """The settings of this process; a secret that the environment lacks is read from its block.

    Raises:
        ConfigError: a value is unusable.
    """
    settings = read_settings()
    found: dict[str, Any] = {}
    for name, block in BLOCKS.items():
        if getattr(settings, name) is None and (value := _loaded(block)):
            found[name] = SecretStr(value)
    return settings.model_copy(update=found)


def save(settings: Settings) -> list[str]:
    """Save the secrets of `settings` as blocks; returns the names of the blocks."""
    saved = []
    for name, block in BLOCKS.items():
        value: SecretStr | None = getattr(settings, name)
        if value is not None:
            Secret(value=value).save(block, overwrite=True)
            saved.append(block)
    return saved


def _loaded(block: str) -> str | None:
    try:
        secret: Any = Secret.load(block)
    except ValueError:
        # No block has that name.
        return None
    return str(secret.get())
