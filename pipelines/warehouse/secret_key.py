"""Keys of keyed hashes, each in a file of the data folder that only its user can read."""

import secrets
from pathlib import Path

from pipelines.errors import ConfigError
from sources.permissions import replace_file

_BYTES = 32


def secret_key(file: Path, use: str, lost: str) -> bytes:
    """The key in that file; `use` says of what it is the key, `lost` what happens without it.

    Raises:
        ConfigError: the file is missing or holds no key.
    """
    try:
        key = bytes.fromhex(file.read_text())
    except (OSError, ValueError):
        key = b""
    if len(key) != _BYTES:
        msg = f"{file} cannot be read, the key of {use}. Restore it from a copy; without it, {lost}."
        raise ConfigError(msg)
    return key


def make_secret_key(file: Path) -> None:
    """Make a new key, unless the file is there."""
    if not file.exists():
        replace_file(file, secrets.token_hex(_BYTES).encode())
