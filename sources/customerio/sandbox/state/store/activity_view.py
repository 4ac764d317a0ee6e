"""An activity as the API shows it at one instant."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.store.activities import NOBODY, Activities
from sources.customerio.sandbox.state.store.deliveries import Deliveries, Source
from sources.customerio.sandbox.state.store.ids import DeliveryIds, ulid
from sources.customerio.sandbox.state.store.links import Link, link_clicked
from sources.customerio.sandbox.state.store.people import People, Record

_AGENTS = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
)
_PAGES = ("/", "/pricing", "/docs", "/blog/five-habits", "/account", "/checkout?step=2&coupon=SPRING")


class ActivityRecords:
    """Makes records of rows, only for the page being served."""

    def __init__(
        self, activities: Activities, deliveries: Deliveries, people: People, ids: DeliveryIds
    ) -> None:
        self._activities = activities
        self._deliveries = deliveries
        self._people = people
        self._ids = ids

    def of(self, rows: NDArray[np.int64]) -> list[Record]:
        """The records of those rows, in that order."""
        columns = self._activities.columns
        names = ("timestamp", "arrived", "uid", "person", "type", "name", "delivery")
        return [
            self._record(*cells)
            for cells in zip(*(columns[name][rows].tolist() for name in names), strict=True)
        ]

    def _record(
        self, timestamp: int, arrived: int, uid: int, number: int, type_: int, name: int, delivery: int
    ) -> Record:
        kind = self._activities.types[type_]
        label = self._activities.names[name] if name >= 0 else None
        identifiers = self._people.identifiers(number)
        row: Record = {
            "id": ulid(arrived, uid),
            "type": kind,
            "timestamp": timestamp,
            "customer_id": identifiers["id"] if identifiers else None,
            "customer_identifiers": identifiers,
            "delivery_id": self._ids.of(delivery) if delivery >= 0 else None,
            "delivery_type": self._source(delivery).channel if delivery >= 0 else None,
            "data": {},
        }
        if kind in ("event", "screen"):
            row["name"] = label
        if kind == "page":
            row["url"] = label or "https://www.example.com" + _PAGES[uid % len(_PAGES)]
        # Suppressing a person redacts what they did [docs via airbyte].
        if identifiers is not None or number == NOBODY:
            row["data"] = self._data(kind, label, uid, timestamp, delivery)
        return row

    def _source(self, seq: int) -> Source:
        row = int(np.searchsorted(self._deliveries.columns["seq"], seq))
        return self._deliveries.sources[int(self._deliveries.columns["source"][row])]

    def _data(self, kind: str, label: str | None, uid: int, at: int, delivery: int) -> Mapping[str, Any]:
        noted = self._activities.details.get(uid)
        if noted is not None or uid < 0:  # what is noted has no other data
            return noted or {}
        noise = blake2b(uid.to_bytes(8, "big", signed=True), digest_size=8).digest()
        if delivery >= 0:
            link = link_clicked(self._source(delivery), delivery)
            return _delivery_data(kind.split("_")[0], at, self._ids.of(delivery), noise, link)
        if kind in ("page", "screen"):
            return {"width": 320 + noise[0] * 4, "referrer": ""}
        return {
            "name": label,
            "order_id": f"{1000 + noise[1] * 256 + noise[2]:06d}",
            "total": round((noise[3] * 256 + noise[4]) / 100, 2),
            "items": [{"sku": f"S-{noise[5] % 40:03d}", "quantity": 1 + noise[6] % 4}],
        }


def _delivery_data(metric: str, at: int, delivery_id: str, noise: bytes, link: Link | None) -> Record:
    """Live, `opened` is an instant, where the documentation says a boolean [live-airbyte]."""
    data: Record = {"delivery_id": delivery_id, metric: at}
    if metric in ("opened", "clicked"):
        data["ip_address"] = f"203.0.113.{noise[0]}"
        data["user_agent"] = _AGENTS[noise[1] % len(_AGENTS)]
    if metric == "clicked" and link is not None:
        data["href"] = link.href
        data["link_id"] = link.id
    return data
