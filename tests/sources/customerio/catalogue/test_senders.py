"""The senders of deliveries have what their calls and tables say."""

from sources.customerio.catalogue import operation, resource
from sources.customerio.catalogue.periods import EASTERN, UTC
from sources.customerio.catalogue.senders import SENDERS, TRANSACTIONAL


def test_each_sender_has_a_column_of_deliveries_and_calls_by_its_id() -> None:
    """The path of the numbers is that of the messages, and the table of numbers names the sender by it."""
    for sender in SENDERS:
        assert sender.column in resource("messages").columns
        assert sender.path in resource(sender.metrics_table).columns
        paths = [operation(call).path_parameters for call in (sender.metrics, sender.messages)]
        assert [[sender.path]] * 2 == [[parameter.name for parameter in path] for path in paths]
        assert sender.listing == resource(sender.table).operation
        assert sender.sent_at is None or sender.sent_at in resource(sender.table).columns


def test_a_transactional_message_is_named_in_full_by_its_deliveries() -> None:
    """Its path has a shorter name."""
    assert ("transactional_id", "transactional_message_id") == (TRANSACTIONAL.path, TRANSACTIONAL.column)


def test_the_days_of_version_2_are_of_utc() -> None:
    """Other calls count in Eastern time."""
    assert [(2, UTC), (1, EASTERN), (1, EASTERN), (1, EASTERN)] == [
        (sender.version, sender.clock) for sender in SENDERS
    ]
