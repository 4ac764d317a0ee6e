"""Activities as the API shows them."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.store.activities import NO_PERSON, Activities
from sources.customerio.sandbox.state.store.deliveries import Deliveries, Source
from sources.customerio.sandbox.state.store.ids import WorkspaceIds
from sources.customerio.sandbox.state.store.links import Link, link_clicked
from sources.customerio.sandbox.state.store.people import People, Record

_AGENTS = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
)
_PAGES = ("/", "/pricing", "/docs", "/blog/five-habits", "/account", "/checkout?step=2&coupon=SPRING")


class ActivityView:
    """Makes the records of activities, for the rows of one page at a time."""

    def __init__(
        self, activities: Activities, deliveries: Deliveries, people: People, ids: WorkspaceIds
    ) -> None:
        self._activities = activities
        self._deliveries = deliveries
        self._people = people
        self._ids = ids

    def records(self, rows: NDArray[np.int64]) -> list[Record]:
        """The records of the given rows, in their order."""
        columns = self._activities.columns
        names = ("timestamp", "arrived", "uid", "person", "type", "name", "delivery")
        return [
            self._record(*cells)
            for cells in zip(*(columns[name][rows].tolist() for name in names), strict=True)
        ]

    def _record(
        self, timestamp: int, arrived: int, uid: int, number: int, type_: int, name: int, delivery: int
    ) -> Record:
        type_name = self._activities.types[type_]
        name_ = self._activities.names[name] if name >= 0 else None
        identifiers = self._people.identifiers(number)
        row: Record = {
            "id": self._ids.ulid(arrived, uid),
            "type": type_name,
            "timestamp": timestamp,
            "customer_id": identifiers["id"] if identifiers else None,
            "customer_identifiers": identifiers,
            "delivery_id": self._ids.of(delivery) if delivery >= 0 else None,
            "delivery_type": self._source(delivery).channel if delivery >= 0 else None,
            "data": {},
        }
        if type_name in ("event", "screen"):
            row["name"] = name_
        if type_name == "page":
            row["url"] = name_ or "https://www.example.com" + _PAGES[uid % len(_PAGES)]
        # Suppressing a person redacts their activities [docs via airbyte].
        if identifiers is not None or number == NO_PERSON:
            row["data"] = self._data(type_name, name_, uid, timestamp, delivery)
        return row

    def _source(self, seq: int) -> Source:
        row = int(np.searchsorted(self._deliveries.columns["seq"], seq))
        return self._deliveries.sources[int(self._deliveries.columns["source"][row])]

    def _data(self, type_name: str, name_: str | None, uid: int, at: int, delivery: int) -> Mapping[str, Any]:
        logged = self._activities.details.get(uid)
        if logged is not None or uid < 0:  # data is made up for planned rows alone
            return logged or {}
        random_bytes = blake2b(uid.to_bytes(8, "big", signed=True), digest_size=8).digest()
        if delivery >= 0:
            link = link_clicked(self._source(delivery), delivery)
            return _delivery_data(type_name.split("_")[0], at, self._ids.of(delivery), random_bytes, link)
        if type_name in ("page", "screen"):
            return {"width": 320 + random_bytes[0] * 4, "referrer": ""}
        return {
            "name": name_,
            "order_id": f"{1000 + random_bytes[1] * 256 + random_bytes[2]:06d}",
            "total": round((random_bytes[3] * 256 + random_bytes[4]) / 100, 2),
            "items": [{"sku": f"S-{random_bytes[5] % 40:03d}", "quantity": 1 + random_bytes[6] % 4}],
        }


def _delivery_data(metric: str, at: int, delivery_id: str, random_bytes: bytes, link: Link | None) -> Record:
    """The data of a delivery's activity; `opened` is an instant, documented as a boolean [live-airbyte]."""
    data: Record = {"delivery_id": delivery_id, metric: at}
    if metric in ("opened", "clicked"):
        data["ip_address"] = f"203.0.113.{random_bytes[0]}"
        data["user_agent"] = _AGENTS[random_bytes[1] % len(_AGENTS)]
    if metric == "clicked" and link is not None:
        data["href"] = link.href
        data["link_id"] = link.id
    return data
