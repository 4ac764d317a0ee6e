"""How rows travel: in batches, or as a file that Customer.io imports; the cheaper one, unless one is forced.

An import costs a handful of requests whatever its size, but minutes until it is through, and cells of a
file are text, so it is only chosen for people, whose attributes are text anyway [spec25]. Events never go by
import: a file has no ids by which Customer.io would know a repeat.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.errors import InvalidSpec
from pipelines.push.spec.spec import Kind, PushSpec

IMPORT_TYPES: Mapping[Kind, str] = {"person": "people", "object": "object", "relationship": "relationship"}
_MINUTES, _ROWS_A_MINUTE = 5.0, 60_000
"""What an import takes at least, and how fast it is then: estimates, for which nobody gives figures."""


@dataclass(frozen=True)
class Lane:
    """The lane of a plan, with its requests and the minutes that they take."""

    name: str
    requests: int
    minutes: float


def lane_of(declaration: PushSpec, *, adds: int, requests: int) -> Lane:
    """The lane for so many new rows, which would be so many requests in batches.

    Raises:
        DeclarationWrong: imports are forced where they cannot be.
    """
    options = declaration.deliver
    in_batches = Lane("batch", requests, round(requests / options.requests_per_second / 60, 2))
    wanted = options.lane
    if wanted == "import":
        _check(declaration)
    possible = options.staging is not None and (wanted == "import" or declaration.object == "person")
    if wanted == "batch" or not possible or not adds:
        return in_batches
    by_import = Lane("import", 4, round(_MINUTES + adds / _ROWS_A_MINUTE, 2))
    return by_import if wanted == "import" or by_import.minutes < in_batches.minutes else in_batches


def operation(declaration: PushSpec, lane: str) -> str:
    """SQL of the operation that takes a planned row; what removes, clears or names a cio_id needs a batch."""
    if declaration.object == "segment":
        return "CASE WHEN action = 'remove' THEN 'remove_from_segment' ELSE 'add_to_segment' END"
    if lane == "import":
        fits = "action = 'add' AND item IS NULL AND NOT contains(payload, ':\"\"')"
        return f"CASE WHEN {fits} THEN 'import' ELSE 'batch' END"
    return "'batch'"


def _check(declaration: PushSpec) -> None:
    if declaration.object not in IMPORT_TYPES:
        kinds = ", ".join(IMPORT_TYPES)
        msg = (
            f"{declaration.sync}: the import lane takes {kinds}, not {declaration.object}; set lane to batch."
        )
        raise InvalidSpec(msg)
    if declaration.deliver.staging is None:
        msg = f"{declaration.sync}: the import lane needs deliver.staging, such as s3://bucket/folder."
        raise InvalidSpec(msg)
    if declaration.object == "person" and declaration.person and declaration.person.kind == "cio_id":
        msg = f"{declaration.sync}: an import knows people by id or email, not by cio_id; set lane to batch."
        raise InvalidSpec(msg)
