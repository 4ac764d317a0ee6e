"""Load packages that cannot be loaded: each is moved out of the way, whole, so that the next runs can go on.

    data/set_aside/LOAD_ID/reason.txt            why, and how to load it after all
    data/set_aside/LOAD_ID/extracted|normalized  the package, as dlt wrote it

A package carries the watermarks and the coverage of its rows. Without it dlt takes its state from the
warehouse again, where that of the last loaded package is; so what the package had is read again.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.settings import Settings
from pipelines.warehouse.failures import causes

if TYPE_CHECKING:
    from dlt import Pipeline

FOLDER = "set_aside"
# The folders of packages in dlt's working folder, by the name that they get here.
_STAGES = {"extracted": ("normalize", "extracted"), "normalized": ("load", "normalized")}


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """A package that was set aside, and the text that says why and what can be done."""

    load_id: str
    folder: str
    reason: str


def set_aside(target: "Pipeline", settings: Settings, error: Exception) -> list[SetAside]:
    """Move all packages that wait in the pipeline's folder out of it, and let dlt forget its local state."""
    moved: dict[str, SetAside] = {}
    working = Path(target.working_dir)
    for stage, parts in _STAGES.items():
        for package in sorted(working.joinpath(*parts).glob("*/")):
            kept = settings.cio_elt_data / FOLDER / package.name
            kept.mkdir(parents=True, exist_ok=True)
            shutil.move(package, kept / stage)
            reason = _reason(error, kept / stage, package)
            (kept / "reason.txt").write_text(reason)
            moved[package.name] = SetAside(load_id=package.name, folder=str(kept), reason=reason)
    # dlt restores schema and watermarks from the warehouse.
    shutil.rmtree(working, ignore_errors=True)
    return list(moved.values())


def packages_set_aside(settings: Settings) -> list[SetAside]:
    """The packages that were set aside, oldest first."""
    reasons = sorted((settings.cio_elt_data / FOLDER).glob("*/reason.txt"))
    return [
        SetAside(
            load_id=file.parent.name, folder=str(file.parent), reason=file.read_text(errors="replace").strip()
        )
        for file in reasons
    ]


def unloadable(error: BaseException) -> bool:
    """Checks if the package itself is the reason, not the disk, the memory or the connection."""
    import duckdb
    from dlt.common.destination.exceptions import DestinationTerminalException
    from dlt.normalize.exceptions import NormalizeJobFailed
    from pyarrow import ArrowInvalid

    chain = list(causes(error))
    passing = (
        *(OSError, MemoryError, KeyboardInterrupt, duckdb.IOException, duckdb.OutOfMemoryException),
        # A commit or a checkpoint that does not fit on the disk is one of these.
        *(duckdb.TransactionException, duckdb.FatalException),
    )
    lasting = (
        *(DestinationTerminalException, NormalizeJobFailed, ArrowInvalid),
        *(duckdb.ConversionException, duckdb.InvalidInputException),
    )
    return not any(isinstance(link, passing) for link in chain) and any(
        isinstance(link, lasting) for link in chain
    )


def _reason(error: BaseException, kept: Path, package: Path) -> str:
    *_, root = causes(error)
    # A destination's own words may hold a person's data.
    return (
        f"Package {package.name} could not be loaded ({type(root).__name__}); the next sync reads its rows "
        f"again. To look into it: duckdb -c \"FROM read_parquet('{kept}/**/*.parquet')\". To load it after "
        f"all, while no run is going: mv '{kept}' '{package}', then cio-elt sync. To give it up, delete its "
        "folder.\n"
    )
