"""Making deliveries of messages that calls send.

    messages -> seq -> outcomes -> deliveries -> activities up to the end of the planned day

The world's own deliveries do not pass here: `rules.timeline` adds them day by day.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.deliveries import (
    BEGINS,
    DRAFT,
    FAILURES,
    FORGOTTEN,
    METRIC,
    ContentOverrides,
    Source,
)
from sources.customerio.sandbox.state.workspace import Workspace

_SUPPRESSED = "Recipient is suppressed"
_UNSUBSCRIBED = "Recipient is unsubscribed"
_NO_ADDRESS = "No recipient address"
# Webhooks and Slack send to an endpoint; in-app messages need no address either.
_WITHOUT_ADDRESS = frozenset({"webhook", "slack", "in_app"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message to one person, by number.

    `draft` keeps it unsent, `forgotten` stores no content, `begins_journey` begins a journey of its campaign.
    """

    person: int
    source: Source
    draft: bool = False
    forgotten: bool = False
    to_unsubscribed: bool = False
    begins_journey: bool = False
    overrides: ContentOverrides | None = None


def create_deliveries(
    workspace: Workspace, messages: Sequence[Message], *, send_at: int | None = None
) -> list[str]:
    """Make a delivery for each message, sent now or at a later instant; returns their ids.

    A message that cannot be sent makes a delivery with the reason as `failure_message`.

    Raises:
        BadRequest: the numbers of this second are used up.
    """
    if not messages:
        return []
    now, deliveries = workspace.now, workspace.deliveries
    numbers = deliveries.numbers(now, len(messages))
    sent_at = np.full(len(messages), max(now, send_at or now), dtype=np.int64)
    channels = [message.source.channel for message in messages]
    metrics, failure = workspace.draw_outcomes(sent_at, channels, numbers)
    for row, message in enumerate(messages):
        _correct_outcome(workspace, message, int(sent_at[row]), metrics[row], failure[row : row + 1])
        if message.overrides is not None:
            workspace.content_overrides[int(numbers[row])] = message.overrides
    flags = [
        DRAFT * message.draft | FORGOTTEN * message.forgotten | BEGINS * message.begins_journey
        for message in messages
    ]
    rows = {
        "created": np.full(len(messages), now, dtype=np.int64),
        "seq": numbers,
        "person": np.array([message.person for message in messages]),
        "source": np.array([deliveries.add_source(message.source) for message in messages]),
        "flags": np.array(flags, dtype="u1"),
        "failure": failure,
        "metrics": metrics,
    }
    inserted = deliveries.insert(now, rows)
    activities = workspace.delivery_activities.of_rows(inserted, now, workspace.day_ends)
    workspace.activities.extend(activities)
    return [workspace.ids.of(number) for number in numbers.tolist()]


def _correct_outcome(
    workspace: Workspace, message: Message, sent_at: int, metrics: Array, failure: Array
) -> None:
    """Replace the drawn outcome of a draft, and of a message that cannot be sent."""
    reason = _undeliverable_reason(workspace, message)
    if message.draft:
        metrics[:], failure[:] = 0, 0
        metrics[METRIC["drafted"]] = workspace.now + 1
    elif reason:
        metrics[:], failure[:] = 0, FAILURES.index(reason)
        metrics[METRIC["dropped" if reason == _SUPPRESSED else "undeliverable"]] = sent_at + 1


def _undeliverable_reason(workspace: Workspace, message: Message) -> str | None:
    """Why a message cannot be sent, None if it can."""
    person = workspace.people.get(message.person)
    if person is None:
        return _SUPPRESSED
    if person.attributes.get("unsubscribed") == "true" and not message.to_unsubscribed:
        return _UNSUBSCRIBED
    channel = message.source.channel
    if channel in _WITHOUT_ADDRESS or message.source.recipient:
        return None
    by_phone = {"twilio": person.phone, "whatsapp": person.phone}
    address = {"email": person.email, "push": person.devices, **by_phone}[channel]
    return None if address else _NO_ADDRESS
