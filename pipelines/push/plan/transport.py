"""Chooses the transport of a plan, batches or an import of a file; has the limits of both.

An import costs a handful of requests at any size, but takes minutes, and cells of a file are text, so it is
chosen only for people, whose attributes are text anyway [spec25]. Events are never imported: a file has no
ids by which Customer.io would know a repeat.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pipelines.errors import ConfigError, InvalidSpec
from pipelines.push.spec.kinds import KINDS
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings

BATCH_BYTES, BATCH_ITEMS = 490_000, 1_000
"""A v2 batch has 500 kB at most, of 1,000 or 1,024 bytes each [track26]; a segment takes 1,000 ids a call."""
IMPORT_BYTES, IMPORT_ITEMS = 20_000_000, 100_000
"""A file had 100 MB at most, says an old page; smaller parts lose less if one fails, and fit into memory."""
LOCAL = "local"
"""The staging that serves files from this process, for a sandbox on this machine."""
_MINUTES, _ROWS_A_MINUTE = 5.0, 60_000
"""Estimates of the least time of an import and of its speed; Customer.io publishes no figures."""


@dataclass(frozen=True)
class Transport:
    """The transport of a plan (`batch` or `import`), with its requests and the minutes that they take."""

    name: str
    requests: int
    minutes: float


def choose_transport(spec: PushSpec, *, adds: int, requests: int) -> Transport:
    """The transport of that many new rows, which would take that many requests in batches.

    Raises:
        InvalidSpec: an import is requested where it is not possible.
    """
    options = spec.deliver
    batches = Transport("batch", requests, round(requests / options.requests_per_second / 60, 2))
    wanted = options.lane
    if wanted == "import":
        _check_import(spec)
    possible = options.staging is not None and (wanted == "import" or spec.kind.imports_by_default)
    if wanted == "batch" or not possible or not adds:
        return batches
    by_import = Transport("import", 4, round(_MINUTES + adds / _ROWS_A_MINUTE, 2))
    return by_import if wanted == "import" or by_import.minutes < batches.minutes else batches


def check_staging(settings: Settings, spec: PushSpec) -> None:
    """Check that Customer.io can fetch a file from its staging.

    Raises:
        ConfigError: it cannot, since the file would be served on this machine alone.
    """
    if spec.deliver.staging != LOCAL:
        return
    host = urlsplit(settings.customerio_app_url or "").hostname
    if host not in ("127.0.0.1", "localhost", "::1"):
        msg = (
            f"{spec.sync}: Customer.io cannot fetch files from this machine, so deliver.staging "
            "cannot be `local`; that is for a sandbox. Name a store, such as s3://bucket/folder."
        )
        raise ConfigError(msg)


def _check_import(spec: PushSpec) -> None:
    if spec.kind.import_type is None:
        names = ", ".join(kind.name for kind in KINDS.values() if kind.import_type)
        msg = f"{spec.sync}: the import lane takes {names}, not {spec.object}; set lane to batch."
        raise InvalidSpec(msg)
    if spec.deliver.staging is None:
        msg = f"{spec.sync}: the import lane needs deliver.staging, such as s3://bucket/folder."
        raise InvalidSpec(msg)
    if spec.kind.profile and spec.identifier == "cio_id":
        msg = f"{spec.sync}: an import knows people by id or email, not by cio_id; set lane to batch."
        raise InvalidSpec(msg)
