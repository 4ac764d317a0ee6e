"""The data folder: made, and checked before anything is written to it."""

from pathlib import Path

from pipelines.errors import ConfigError
from pipelines.permissions import make_data_folder


def prepare(folder: Path) -> None:
    """Create the data folder, and check that it can be written to.

    Raises:
        ConfigError: the folder cannot be created or written to, or dlt cannot load from it.
    """
    if "'" in str(folder.resolve()):
        # dlt's statement that loads a Parquet file does not escape its path.
        msg = (
            f"The path of the data folder, {folder.resolve()}, has an apostrophe in it, and dlt cannot load "
            "from such a folder. Name another one in CIO_ELT_DATA."
        )
        raise ConfigError(msg)
    try:
        make_data_folder(folder)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        msg = (
            f"The data folder {folder} cannot be written to ({error.strerror}). Give this user the right to, "
            "or name another folder in CIO_ELT_DATA."
        )
        raise ConfigError(msg) from None
