"""Why a write that was accepted comes to nothing, and where that can be seen.

    the drop                                                   the activity that tells of it
    identifiers of two people; an identifier that cannot be    failed_attribute_change of the person
      changed; a bad email; more than 300 attributes             whom the write addresses
    `_update` and nobody there                                 failed_attribute_change of nobody (v1 alone)
    an update older than the profile's latest edit             skipped_update
    an event for nobody                                        failed_event
    a relationship with nothing or nobody                      relationship_failed_attribute_change
    an object of an unknown type, a cio_object_id unknown      _o:TYPE:failed_attribute_change
    a suppressed identifier; cio_id unknown; a merge into      none
      nobody; an event seen before

The types are Customer.io's [spec26]; that `data` is `{reason, ...}` is unverified.
"""

from sources.customerio.sandbox.state.store.activities import NOBODY
from sources.customerio.sandbox.state.store.people import Record

FAILED_ATTRIBUTES = "failed_attribute_change"
FAILED_EVENT = "failed_event"
FAILED_RELATIONSHIP = "relationship_failed_attribute_change"
SKIPPED = "skipped_update"


class Dropped(Exception):
    """An operation is not applied. `activity` None leaves no trace; `data` is told beside the reason."""

    def __init__(
        self,
        reason: str,
        activity: str | None = None,
        *,
        person: int = NOBODY,
        name: str | None = None,
        data: Record | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.activity = activity
        self.person = person
        self.name = name
        self.data = {"reason": reason, **(data or {})}


def failed_object(object_type_id: str) -> str:
    """The activity type of a failed write to an object."""
    return f"_o:{object_type_id}:failed_attribute_change"
