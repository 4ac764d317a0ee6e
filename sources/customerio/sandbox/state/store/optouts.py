"""Opt-outs: the senders from which a person wants no message; they have no times [live-estuary]."""

from sources.customerio.sandbox.state.store.people import Record

CHANNELS = ("sms",)
"""The channels that are known to have opt-outs [live-estuary]."""


class Optouts:
    """The opt-outs of a workspace, by the person's number."""

    def __init__(self) -> None:
        self._senders: dict[int, set[tuple[str, str]]] = {}

    def set(self, number: int, channel: str, sender: str, *, optout: bool) -> None:
        """Opt a person out of a sender's messages, or in again; names of senders are lower-cased [spec26]."""
        senders = self._senders.setdefault(number, set())
        (senders.add if optout else senders.discard)((channel, sender.lower()))
        if not senders:
            del self._senders[number]

    def of(self, number: int) -> list[Record]:
        """The opt-outs of a person, by channel and sender."""
        found = sorted(self._senders.get(number, ()))
        return [{"channel": channel, "from": sender} for channel, sender in found]

    def numbers(self) -> list[int]:
        """The numbers of the people with opt-outs; a person who opted in again is not listed (unverified)."""
        return sorted(self._senders)

    def remove_person(self, number: int) -> None:
        """Forget the opt-outs of a person."""
        self._senders.pop(number, None)
