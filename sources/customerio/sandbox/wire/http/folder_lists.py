"""Lists by folder and page, of Design Studio and of assets: their parameters and the `meta` of their answers.

Texts of refusals are as seen live [live-estuary], except where a comment says otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Record

_DEFAULT_LIMIT, _MOST = 1000, 10_000
_SORTS = ("created", "updated", "name")
_PAGING = frozenset({"page", "limit"})
Query = Mapping[str, str]


def is_direct(query: Query, *, root_lists_all: bool) -> bool:
    """True if the list leaves out the folders below; without `root_lists_all`, that of the root does."""
    is_root = query.get("parent_folder_id") in (None, "", "0")
    return flag(query, "direct_descendants_only", "false") is True or (is_root and not root_lists_all)


def flag(query: Query, name: str, default: str = "any") -> bool | None:
    """A parameter that is true, false or any, which is None; else BadRequest (its text is unverified)."""
    given = query.get(name) or default
    if given not in ("true", "false", "any"):
        msg = f"invalid value for {name}: {given}"
        raise BadRequest(msg)
    return None if given == "any" else given == "true"


def within(query: Query, rows: Sequence[Record], *, inclusive: bool) -> list[Record]:
    """The rows in the time windows of the query; live, both bounds are exclusive [live-estuary]."""
    wider = int(inclusive)
    bounds = [
        (field, side, _instant(name, query[name]))
        for field in ("created", "updated")
        for side in ("after", "before")
        if query.get(name := f"{field}_{side}")
    ]

    def inside(row: Record) -> bool:
        return all(
            row[field] > at - wider if side == "after" else row[field] < at + wider
            for field, side, at in bounds
        )

    return [row for row in rows if inside(row)]


def ordered(query: Query, rows: Sequence[Record]) -> list[Record]:
    """The rows in the order of `sort_by` and `sort_order`, by default from the first created on."""
    by, order = query.get("sort_by") or "created", query.get("sort_order") or "asc"
    if by not in _SORTS:
        msg = f"sort_by must be one of: {', '.join(_SORTS)}"
        raise BadRequest(msg)
    if order not in ("asc", "desc"):  # the text of this refusal is unverified
        msg = "sort_order must be one of: asc, desc"
        raise BadRequest(msg)
    return sorted(rows, key=lambda row: (row[by], row["id"]), reverse=order == "desc")


def answer(
    query: Query, key: str, rows: Sequence[Record], show: Callable[[Record], Record], **more: Any
) -> dict[str, Any]:
    """The answer of a list: one page of rows, and `meta` with the page and the total of filtered rows.

    `filters` repeats the parameters of the request (their form is unverified).
    """
    page, limit = _number(query, "page", 1, 1 << 31), _number(query, "limit", _DEFAULT_LIMIT, _MOST)
    first = (page - 1) * limit
    return {
        key: [show(row) for row in rows[first : first + limit]],
        **more,
        "meta": {
            "pagination": {"page": page, "limit": limit, "total": len(rows)},
            "filters": {name: value for name, value in query.items() if name not in _PAGING},
        },
    }


def _number(query: Query, name: str, default: int, most: int) -> int:
    given = query.get(name) or str(default)
    if given.isdecimal() and 1 <= int(given) <= most:
        return int(given)
    bounds = f"between 1 and {most}" if name == "limit" else ">= 1"
    msg = f"{name} must be an integer {bounds}"
    raise BadRequest(msg)


def _instant(name: str, given: str) -> int:
    if not given.removeprefix("-").isdecimal():
        msg = f"invalid value for {name}: {given}"
        raise BadRequest(msg)
    return int(given)
