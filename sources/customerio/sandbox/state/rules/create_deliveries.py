"""How a message that a call asks for becomes a delivery.

    posts -> numbers -> fates -> deliveries -> activities of the rest of the day

The world's own deliveries are planned by the day and never come this way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sources.customerio.sandbox.state.store.deliveries import (
    DRAFT,
    FAILURES,
    FORGOTTEN,
    METRIC,
    Letter,
    Source,
)
from sources.customerio.sandbox.state.workspace import Workspace

_SUPPRESSED = "Recipient is suppressed"
_UNSUBSCRIBED = "Recipient is unsubscribed"
_NO_ADDRESS = "No recipient address"
# Sent to a fixed place, whoever it is about; in-app messages need no address either.
_WITHOUT_ADDRESS = frozenset({"webhook", "slack", "in_app"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One message to one person (by number). `draft` holds it back, `forgotten` keeps no content."""

    person: int
    source: Source
    draft: bool = False
    forgotten: bool = False
    to_unsubscribed: bool = False
    letter: Letter | None = None


def send(workspace: Workspace, posts: Sequence[Post], *, leaves_at: int | None = None) -> list[str]:
    """Make deliveries, which leave now or at a later instant; answers their ids.

    Every post makes a delivery: one that cannot leave says why. BadRequest if a second is full.
    """
    if not posts:
        return []
    now, deliveries = workspace.now, workspace.deliveries
    numbers = deliveries.numbers(now, len(posts))
    leaves = np.full(len(posts), max(now, leaves_at or now), dtype=np.int64)
    metrics, failure = workspace.fates(leaves, [post.source.channel for post in posts], numbers)
    for row, post in enumerate(posts):
        reason = _hindrance(workspace, post)
        if post.draft:
            metrics[row], failure[row] = 0, 0
            metrics[row, METRIC["drafted"]] = now + 1
        elif reason:
            metrics[row], failure[row] = 0, FAILURES.index(reason)
            lost = "dropped" if reason == _SUPPRESSED else "undeliverable"
            metrics[row, METRIC[lost]] = leaves[row] + 1
        if post.letter is not None:
            workspace.letters[int(numbers[row])] = post.letter
    rows = {
        "created": np.full(len(posts), now, dtype=np.int64),
        "seq": numbers,
        "person": np.array([post.person for post in posts]),
        "source": np.array([deliveries.add_source(post.source) for post in posts]),
        "flags": np.array([DRAFT * post.draft | FORGOTTEN * post.forgotten for post in posts], dtype="u1"),
        "failure": failure,
        "metrics": metrics,
    }
    made = deliveries.insert(now, rows)
    workspace.activities.extend(workspace.echoes.of_rows(made, now, workspace.day_ends))
    return [workspace.ids.of(number) for number in numbers.tolist()]


def _hindrance(workspace: Workspace, post: Post) -> str | None:
    """Why a message cannot leave, None if it can."""
    person = workspace.people.get(post.person)
    if person is None:
        return _SUPPRESSED
    if person.attributes.get("unsubscribed") == "true" and not post.to_unsubscribed:
        return _UNSUBSCRIBED
    channel = post.source.channel
    if channel in _WITHOUT_ADDRESS or post.source.recipient:
        return None
    address = {"email": person.email, "twilio": person.phone, "push": person.devices}[channel]
    return None if address else _NO_ADDRESS
