"""Checks of this machine: versions, settings, the data folder, disk, memory, permissions."""

import os
import platform
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shlex import quote

from pipelines.doctor.finding import Finding, own
from pipelines.permissions import open_paths
from pipelines.settings import Settings, env_file

_NAMED = ("customerio-elt", "duckdb", "dlt", "dbt-core", "dbt-duckdb", "prefect", "pydantic", "httpx")
_LOCK = Path(__file__).parents[2] / "requirements.lock"
_PINNED = re.compile(r"^([\w.-]+)(?:\[[^]]+\])?==([\w.]+)", re.MULTILINE)
_FREE_MB, _MEMORY_MB = 200, 600
"""The least megabytes of free disk and of memory: DuckDB takes 208 MB for a load, and 550 MB for a plan."""
_SHOWN = 5


def versions(_: Settings) -> Iterator[Finding]:
    """The versions of the packages, and those that differ from the lock file of a clone."""
    found = ", ".join(f"{name} {_version(name) or 'missing'}" for name in _NAMED)
    yield Finding(name="versions", found=f"Python {platform.python_version()}, {found}.")
    if not _LOCK.exists():
        yield Finding(name="lock", found="This installation has no lock file: it is no clone.")
        return
    pinned = _PINNED.findall(_LOCK.read_text("utf-8"))
    names = {name for name, _ in pinned}
    wanted = {name: {number for other, number in pinned if other == name} for name in names}
    wrong = [f"{name} {has}" for name in sorted(names) if (has := _version(name)) and has not in wanted[name]]
    if wrong:
        yield Finding(
            name="lock",
            found=f"{len(wrong)} package(s) are not those of {_LOCK.name}: {', '.join(wrong[:_SHOWN])}.",
            state="warn",
            cure=f"make -C {quote(str(_LOCK.parent))} clean check",
        )
    else:
        yield Finding(name="lock", found=f"All packages are those of {_LOCK.name}.")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def settings(found: Settings) -> Iterator[Finding]:
    """The `.env`, and the key that every run needs."""
    where = env_file()
    there = f"{where} is read" if where.exists() else f"there is no {where}, so the environment alone counts"
    if found.customerio_app_api_key is None:
        yield Finding(
            name="settings",
            found=f"CUSTOMERIO_APP_API_KEY is not set; {there}.",
            state="fail",
            cure=f"cio-elt init{' --replace' if where.exists() else ''}",
        )
    else:
        yield Finding(name="settings", found=f"They can be used; {there}.")


def data_folder(settings: Settings) -> Iterator[Finding]:
    """The data folder: that it is there, is a folder, and can be written."""
    folder = settings.cio_elt_data
    if not folder.exists():
        yield Finding(
            name="data folder", found=f"There is no {folder} yet.", state="warn", cure="cio-elt sync"
        )
    elif not folder.is_dir():
        yield Finding(
            name="data folder",
            found=f"{folder} is no folder.",
            state="fail",
            cure=f"mv {quote(str(folder))} {quote(f'{folder}.old')} && cio-elt sync",
        )
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            name="data folder",
            found=f"This user may not write {folder}.",
            state="fail",
            cure=own(folder),
        )
    else:
        yield Finding(name="data folder", found=f"{folder} can be written.")


def permissions(settings: Settings) -> Iterator[Finding]:
    """Files that other users can read, and files of other users."""
    opened = open_paths(settings)
    if opened:
        shown = ", ".join(map(str, opened[:_SHOWN]))
        yield Finding(
            name="permissions",
            found=f"{len(opened)} file(s) and folder(s) have other permissions than they should: {shown}.",
            state="warn",
            cure="cio-elt config",
        )
    foreign = [path for path in _everything(settings) if path.lstat().st_uid != os.getuid()]
    if foreign:
        shown = ", ".join(map(str, foreign[:_SHOWN]))
        yield Finding(
            name="permissions",
            found=f"{len(foreign)} file(s) and folder(s) belong to other users: {shown}.",
            state="fail",
            cure=own(settings.cio_elt_data),
        )
    if not opened and not foreign:
        yield Finding(name="permissions", found="No other user can read the files of the data folder.")


def _everything(settings: Settings) -> Iterator[Path]:
    if settings.cio_elt_data.is_dir():
        yield settings.cio_elt_data
        yield from settings.cio_elt_data.rglob("*")


def disk(settings: Settings) -> Iterator[Finding]:
    """The free disk: a publication needs room for one more copy of the warehouse."""
    folder = next(path for path in (settings.cio_elt_data, *settings.cio_elt_data.parents) if path.is_dir())
    free = shutil.disk_usage(folder).free // 1_000_000
    held = settings.load_file.stat().st_size // 1_000_000 if settings.load_file.exists() else 0
    needed = max(_FREE_MB, 2 * held)
    if free >= needed:
        yield Finding(name="disk", found=f"{free:,} MB are free, {needed:,} MB are needed.")
    else:
        yield Finding(
            name="disk",
            found=f"{free:,} MB are free at {folder}, and a run needs {needed:,} MB.",
            state="fail",
            cure=_more_room(settings.cio_elt_data, folder, needed),
        )


def _more_room(data: Path, folder: Path, needed: int) -> str:
    """The command that moves the data folder to the user's home, or shows what fills the disk."""
    home = Path.home() / "cio-elt-data"
    place = next(path for path in home.parents if path.is_dir())
    held = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
    if place.stat().st_dev == folder.stat().st_dev or shutil.disk_usage(place).free < needed * 1e6 + held:
        return f"du -xhd 2 {quote(str(folder))} | sort -h"
    moved = f"cp -a {quote(str(data))}/. {quote(str(home))} && " if data.is_dir() else ""
    return f"mkdir -p {quote(str(home))} && {moved}export CIO_ELT_DATA={quote(str(home))}"


def memory(_: Settings) -> Iterator[Finding]:
    """The memory that is available, where the system tells it."""
    try:
        told = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text("ascii"))
    except OSError:
        told = None
    if told is None:
        yield Finding(name="memory", found="This system does not tell its memory.")
        return
    free = int(told[1]) // 1_000
    if free < _MEMORY_MB:
        yield Finding(
            name="memory",
            found=f"{free:,} MB are available, and a push needs {_MEMORY_MB:,} MB: end other programs.",
            state="warn",
            cure="ps -eo pid,rss,comm --sort=-rss | head",
        )
    else:
        yield Finding(name="memory", found=f"{free:,} MB are available, {_MEMORY_MB:,} MB are needed.")
