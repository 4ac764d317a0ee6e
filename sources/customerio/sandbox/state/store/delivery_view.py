"""Deliveries as the API shows them at one instant."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.store.deliveries import FAILURES, FORGOTTEN, METRICS, Deliveries, Source
from sources.customerio.sandbox.state.store.ids import WorkspaceIds
from sources.customerio.sandbox.state.store.links import link_clicked
from sources.customerio.sandbox.state.store.people import People, Record

_ACTIONS = ("accept", "later", "rate_5")
"""Names of the components of an in-app message whose clicks are tracked."""


class DeliveryView:
    """Makes the records of deliveries, for the rows of one page at a time."""

    def __init__(self, deliveries: Deliveries, people: People, ids: WorkspaceIds) -> None:
        self._deliveries = deliveries
        self._people = people
        self._ids = ids
        self._templates: list[Record] = []

    def record(self, row: int, now: int) -> Record:
        """The record of one row."""
        return self.records(np.array([row]), now)[0]

    def records(self, rows: NDArray[np.int64], now: int, *, responses: bool = False) -> list[Record]:
        """The records of the given rows, in their order, with the metrics reached by `now`.

        With `responses`, a record with tracked responses has them [live-estuary].
        """
        records = self._records(rows, now)
        if responses:
            for record, seq in zip(records, self._deliveries.columns["seq"][rows].tolist(), strict=True):
                record.update(self._tracked_responses(record, seq))
        return records

    def _tracked_responses(self, record: Record, seq: int) -> Record:
        """The answers to an in-app message, by the clicked component's name: `{name: {id, ts}}` [spec26].

        That the id is a ULID is unverified. Other channels have none.
        """
        at = record["metrics"].get("clicked")
        if record["type"] != "in_app" or at is None:
            return {}
        return {
            "tracked_responses": {_ACTIONS[seq % len(_ACTIONS)]: {"id": self._ids.ulid(at, seq), "ts": at}}
        }

    def _records(self, rows: NDArray[np.int64], now: int) -> list[Record]:
        columns = self._deliveries.columns
        known = self._deliveries.sources
        self._templates.extend(_template(source) for source in known[len(self._templates) :])
        metrics = columns["metrics"][rows]
        visible = np.where(metrics <= now, metrics, 0)
        latest = np.maximum(visible.max(axis=1, initial=0), columns["created"][rows])
        return [
            self._record(*cells)
            for cells in zip(
                columns["seq"][rows].tolist(),
                columns["created"][rows].tolist(),
                columns["person"][rows].tolist(),
                columns["source"][rows].tolist(),
                columns["flags"][rows].tolist(),
                columns["failure"][rows].tolist(),
                visible.tolist(),
                latest.tolist(),
                strict=True,
            )
        ]

    def _record(
        self,
        seq: int,
        created: int,
        number: int,
        source: int,
        flags: int,
        failure: int,
        visible: Sequence[int],
        latest: int,
    ) -> Record:
        delivery_id = self._ids.of(seq)
        row = self._templates[source].copy()
        identifiers = self._people.identifiers(number)
        row["id"] = delivery_id
        row["deduplicate_id"] = f"{delivery_id}:{latest}"
        row["created"] = created
        row["customer_identifiers"] = identifiers
        row["customer_id"] = identifiers["id"] if identifiers else None
        if row["type"] not in _TO_ENDPOINTS and identifiers is None:
            row["recipient"] = None  # a suppressed person is named nowhere
        elif row["recipient"] is None:
            row["recipient"] = self._recipient(number, created, row["type"])
        metrics = {name: at for name, at in zip(METRICS, visible, strict=True) if at}
        row["metrics"] = metrics | self._link_metrics(source, seq, metrics)
        # The reason is known once the delivery has failed, not before.
        row["failure_message"] = (
            FAILURES[failure] if failure and any(visible[_FIRST_FAILURE:_LAST_FAILURE]) else None
        )
        row["forgotten"] = bool(flags & FORGOTTEN)
        if row["trigger_event_id"]:
            row["trigger_event_id"] = self._ids.ulid(created - 1, seq)
        return row

    def _link_metrics(self, source: int, seq: int, metrics: Mapping[str, int]) -> dict[str, int]:
        """The clicks on single links: a key for each, of all clicks and of those by people [live-estuary].

        The number in the key is the link's id (unverified).
        """
        if "clicked" not in metrics:
            return {}
        link = link_clicked(self._deliveries.sources[source], seq)
        if link is None:
            return {}
        names = (("clicked", "link"), ("human_clicked", "human_link"))
        return {f"{key}:{link.id}": metrics[name] for name, key in names if name in metrics}

    def _recipient(self, number: int, created: int, channel: str) -> str | None:
        person = self._people.get(number)
        if person is None:
            tombstone = self._people.tombstones.get(number)
            if tombstone is None or tombstone.reason == "suppressed":
                return None
            person = tombstone.person
        if channel in ("twilio", "whatsapp"):
            return person.phone
        if channel == "push":
            return str(person.devices[0]["id"]) if person.devices else None
        return person.email_at(created)


# Channels that send to an endpoint and not to a person.
_TO_ENDPOINTS = frozenset({"webhook", "slack"})
_FIRST_FAILURE, _LAST_FAILURE = METRICS.index("bounced"), METRICS.index("undeliverable") + 1


def _template(source: Source) -> Record:
    # Every parent is a key, unset ones are null; transactional deliveries have them all null [live-airbyte].
    return {
        "id": "",
        "deduplicate_id": "",
        "msg_template_id": source.template_id,
        "transactional_message_id": source.transactional_message_id,
        "type": source.channel,
        "created": 0,
        "recipient": source.recipient,
        "subject": source.subject,
        "customer_id": None,
        "customer_identifiers": None,
        "metrics": {},
        "failure_message": None,
        "campaign_id": source.campaign_id,
        "action_id": source.action_id,
        "parent_action_id": source.parent_action_id,
        "newsletter_id": source.newsletter_id,
        "content_id": source.content_id,
        "broadcast_id": source.broadcast_id,
        "trigger_event_id": source.event_triggered or None,
        "forgotten": False,
    }
