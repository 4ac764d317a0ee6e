"""Opt-outs of people: the list of all, a person's own, and changes, which are applied later."""

from functools import partial

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.optouts import CHANNELS
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.state.workspace import Workspace

_DEFAULT_CHANNEL = "sms"


def rows(workspace: Workspace, sender: str | None = None) -> list[Record]:
    """The people with opt-outs, each with its own; of one sender if it is given."""
    found = []
    for number in workspace.optouts.numbers():
        person = workspace.people.get(number)
        chosen = [one for one in workspace.optouts.of(number) if sender in (None, one["from"])]
        if person is not None and chosen:
            found.append({"cio_id": person.cio_id, "customer_id": person.id, "optouts": chosen})
    return found


def update(workspace: Workspace, person: Person, body: Record, takes_s: int) -> None:
    """Accept changes of a person's opt-outs, applied `takes_s` seconds later.

    Raises:
        BadRequest: the body is malformed, or names an unknown channel.
    """
    given = body.get("optouts")
    if not isinstance(given, list) or not given:
        msg = "optouts must be a list that is not empty"
        raise BadRequest(msg)
    changes = [_change(one) for one in given]
    apply = partial(_apply, workspace, person.number, changes)
    if takes_s:
        workspace.scheduler.schedule(workspace.now + takes_s, apply)
    else:
        apply()


def _change(given: object) -> tuple[str, str, bool]:
    fields = given if isinstance(given, dict) else {}
    sender, optout, channel = fields.get("from"), fields.get("optout"), fields.get("channel")
    if not isinstance(sender, str) or not sender or not isinstance(optout, bool):
        msg = "an opt-out needs from, a text, and optout, a boolean"
        raise BadRequest(msg)
    channel = _DEFAULT_CHANNEL if channel is None else channel
    if channel not in CHANNELS:
        msg = f"channel must be one of {', '.join(CHANNELS)}"
        raise BadRequest(msg)
    return channel, sender, optout


def _apply(workspace: Workspace, number: int, changes: list[tuple[str, str, bool]]) -> None:
    if workspace.people.get(number) is None:
        return
    for channel, sender, optout in changes:
        workspace.optouts.set(number, channel, sender, optout=optout)
