"""The senders of deliveries, by kind, with the calls for their numbers and messages."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sources.customerio.catalogue import Operation, operation, resource
from sources.customerio.catalogue.periods import EASTERN, UTC

# A delivery names its transactional message in full.
_RENAMED = {"transactional_id": "transactional_message_id"}


def delivery_column(parameter: str) -> str:
    """The column of `messages` with the id that a call's path takes under that name."""
    return _RENAMED.get(parameter, parameter)


@dataclass(frozen=True, kw_only=True)
class Sender:
    """A kind of sender.

    Attributes:
        name: Its name; its numbers by period are in the table `NAME_metrics`.
        messages: The operation that lists the deliveries of one.
        sent_at: The field with the time of sending, for a kind that sends all its messages at once.
    """

    name: str
    messages: str
    sent_at: str | None = None

    @property
    def metrics_table(self) -> str:
        """The table of its numbers by period, in which the sender's id has the name of `path`."""
        return f"{self.name}_metrics"

    @property
    def table(self) -> str:
        """The table that lists the senders."""
        return str(resource(self.metrics_table).parent)

    @property
    def listing(self) -> str:
        """The operation that lists the senders."""
        return resource(self.table).operation

    @property
    def metrics(self) -> str:
        """The operation that counts the deliveries of one."""
        return self._counts.id

    @property
    def path(self) -> str:
        """The parameter of these operations' paths."""
        return self._counts.path_parameters[0].name

    @property
    def column(self) -> str:
        """The column of `messages` with the sender."""
        return delivery_column(self.path)

    @property
    def version(self) -> int:
        """The version of the parameters of `metrics`."""
        return 2 if any(parameter.name == "version" for parameter in self._counts.query) else 1

    @property
    def clock(self) -> ZoneInfo:
        """The time zone of its days."""
        return UTC if self.version == 2 else EASTERN

    @property
    def _counts(self) -> Operation:
        return operation(resource(self.metrics_table).operation)


SENDERS = CAMPAIGN, BROADCAST, NEWSLETTER, TRANSACTIONAL = (
    Sender(name="campaign", messages="getCampaignMessages"),
    Sender(name="broadcast", messages="broadcastMessages"),
    Sender(name="newsletter", messages="getNewsletterMsgMeta", sent_at="sent_at"),
    Sender(name="transactional", messages="transactionalMessages"),
)
"""All kinds."""
