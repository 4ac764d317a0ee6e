"""The expected content of the marts, computed in pandas from the API's records: no warehouse, no SQL.

Deliveries are a frame with a row each, the moments of their metrics as columns in Unix seconds. The
definitions are those of the marts' comments, written down here once more.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

DAY = 86_400
METRICS = (
    "attempted", "sent", "delivered", "opened", "human_opened", "prefetch_opened", "clicked", "human_clicked",
    "prefetch_clicked", "converted", "replied", "bounced", "deferred", "dropped", "failed", "undeliverable",
    "suppressed", "spammed", "unsubscribed", "topic_unsubscribed",
)  # fmt: skip
PARENTS = {
    "broadcast": ("broadcast_id", "action_id"),
    "campaign": ("campaign_id", "action_id"),
    "newsletter": ("newsletter_id", "content_id"),
    "transactional": ("transactional_message_id", "msg_template_id"),
}
NOBODY, UNREPORTED = {"slack", "webhook"}, {"slack", "webhook", "in_app", "inbox"}
UNOPENED, UNCLICKED = {"slack", "webhook", "twilio"}, {"slack", "webhook"}
RATES = (
    "delivery_rate", "bounce_rate", "loss_rate", "open_rate", "human_open_rate", "machine_open_share",
    "click_rate", "human_click_rate", "click_to_open_rate", "human_click_to_open_rate", "conversion_rate",
    "unsubscribe_rate", "spam_rate",
)  # fmt: skip
USED = ["opened", "clicked", "converted", "replied", "unsubscribed", "topic_unsubscribed", "spammed"]


HUMAN_OPENS_SINCE = datetime(2025, 3, 20, tzinfo=UTC).timestamp()
HUMAN_CLICKS_SINCE = datetime(2025, 4, 20, tzinfo=UTC).timestamp()


def deliveries(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Deliveries as the API shows them, with the columns that the marts add."""
    frame = pd.DataFrame([_delivery(row) for row in rows])
    frame["opens_known"] = frame.created >= HUMAN_OPENS_SINCE
    frame["clicks_known"] = frame.created >= HUMAN_CLICKS_SINCE
    frame["human_opened"] = frame.human_opened.where(frame.opens_known)
    frame["human_clicked"] = frame.human_clicked.where(frame.clicks_known)
    reached = frame[METRICS[1]].notna() & frame.channel.isin(UNREPORTED)
    reached |= frame.delivered.notna() | frame[USED].notna().any(axis=1)
    frame["reached"] = reached & ~frame.channel.isin(NOBODY)
    frame["openable"] = frame.reached & ~frame.channel.isin(UNOPENED)
    frame["clickable"] = frame.reached & ~frame.channel.isin(UNCLICKED)
    frame["reported"] = frame.sent.notna() & ~frame.channel.isin(UNREPORTED)
    frame["lost"] = frame[["dropped", "failed", "undeliverable", "suppressed"]].notna().any(axis=1)
    return frame


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a frame, columns as attributes."""
    return iter(frame.itertuples())


def groups(frame: pd.DataFrame, by: str | list[str]) -> Iterator[tuple[Any, pd.DataFrame]]:
    """The rows of a frame by the values of some columns."""
    return iter(frame.groupby(by))


def _delivery(row: dict[str, Any]) -> dict[str, Any]:
    source = next((name for name, (parent, _) in PARENTS.items() if row.get(parent) is not None), "unknown")
    parent, unit = PARENTS.get(source, (None, None))
    parent_id, unit_id = row.get(parent or ""), row.get(unit or "")
    recipient = row["recipient"] or ""
    return {
        "delivery_id": row["id"],
        "message_key": "unknown" if parent_id is None else f"{source}:{parent_id}:{unit_id or '-'}",
        "source_type": source,
        "parent_id": parent_id,
        "channel": row["type"],
        "cio_id": (row["customer_identifiers"] or {}).get("cio_id"),
        "recipient_domain": recipient.partition("@")[2].lower() or None,
        "created": row["created"],
        "day": row["created"] // DAY,
        "forgotten": row["forgotten"],
        "all_metrics": row["metrics"],
        **{metric: row["metrics"].get(metric) for metric in METRICS},
    }


def _rates(rows: pd.DataFrame) -> dict[str, tuple["pd.Series[bool]", "pd.Series[bool]"]]:
    """Which deliveries reached each rate, and which could; where both hold they are in its numerator."""
    has = rows[list(METRICS)].notna()
    return {
        "delivery_rate": (has.delivered, rows.reported),
        "bounce_rate": (has.bounced, rows.reported),
        "loss_rate": (rows.lost, has.sent | rows.lost),
        "open_rate": (has.opened, rows.openable),
        "human_open_rate": (has.human_opened, rows.openable & rows.opens_known),
        "machine_open_share": (has.prefetch_opened, has.opened & rows.opens_known),
        "click_rate": (has.clicked, rows.clickable),
        "human_click_rate": (has.human_clicked, rows.clickable & rows.clicks_known),
        "click_to_open_rate": (has.clicked, rows.openable & has.opened),
        "human_click_to_open_rate": (
            has.human_clicked,
            rows.openable & has.human_opened & rows.clicks_known,
        ),
        "conversion_rate": (has.converted, rows.reached),
        "unsubscribe_rate": (has.unsubscribed, rows.reached),
        "spam_rate": (has.spammed, rows.reached & (rows.channel == "email")),
    }


def counts(rows: pd.DataFrame, by: list[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Every count of these deliveries, and both counts of every rate, by the values of some columns."""
    flags = pd.DataFrame({"deliveries": True, "reached": rows.reached}, index=rows.index)
    flags = flags.join(rows[list(METRICS)].notna()).join(rows[["opens_known", "clicks_known"]])
    for name, (x, n) in _rates(rows).items():
        flags[f"{name}_numerator"], flags[f"{name}_denominator"] = x & n, n
    sums = flags.astype("int64").groupby([rows[column] for column in by]).sum().to_dict("index")
    made = {_key(key): {str(name): cell for name, cell in row.items()} for key, row in sums.items()}
    for row in made.values():
        # An unknown number of openers is null, not 0.
        for act in ("open", "click"):
            if not row.pop(f"{act}s_known"):
                row[f"human_{act}ed"] = None
    return made


def told(rows: pd.DataFrame, by: list[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Counts, and rates with all stored values, as rows of a mart."""
    made = counts(rows, by)
    for row in made.values():
        for name in RATES:
            x, n = row[f"{name}_numerator"], row[f"{name}_denominator"]
            known = n >= (30 if "click_to_open" in name else 1)
            low, high = wilson(x, n) if known else (None, None)
            row |= {name: x / n if known else None, f"{name}_low": low, f"{name}_high": high}
    return made


def wilson(x: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share after Wilson (1927)."""
    z = float(stats.norm.ppf(0.975))
    middle = (x + z * z / 2) / (n + z * z)
    margin = z / (n + z * z) * float(np.sqrt(x * (n - x) / n + z * z / 4))
    return middle - margin, middle + margin


def mature(rows: pd.DataFrame, by: list[str], now: int) -> dict[tuple[Any, ...], dict[str, bool]]:
    """Checks if the newest of these deliveries is old enough."""
    days = {"open": 3, "click": 7, "conversion": 90}
    newest = rows.groupby(by).created.max().to_dict()
    return {
        _key(key): {f"is_mature_{what}": now - at >= number * DAY for what, number in days.items()}
        for key, at in newest.items()
    }


def _key(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def holm(p: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Holm's adjustment, by the textbook definition."""
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    highest = 0.0
    for place, index in enumerate(order):
        highest = max(highest, (len(p) - place) * p[index])
        adjusted[index] = min(1.0, highest)
    return adjusted
