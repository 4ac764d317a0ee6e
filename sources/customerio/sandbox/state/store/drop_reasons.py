"""Reasons for which an accepted write is dropped, and the activity that shows the drop.

    reason                                                     activity
    identifiers of two people; an identifier that cannot be    failed_attribute_change of the
      changed; a bad email; more than 300 attributes             addressed person
    `_update` of an unknown person                             failed_attribute_change of no person (v1)
    an update older than the profile's latest edit             skipped_update
    an event of an unknown person                              failed_event
    a relationship with an unknown person or object            relationship_failed_attribute_change
    an object of an unknown type, a cio_object_id unknown      _o:TYPE:failed_attribute_change
    a suppressed identifier; an unknown cio_id; a merge with   none
      an unknown person; an event whose id came before

The types are Customer.io's [spec26]; that `data` is `{reason, ...}` is unverified.
"""

from sources.customerio.sandbox.state.store.activities import NO_PERSON
from sources.customerio.sandbox.state.store.people import Record

FAILED_ATTRIBUTES = "failed_attribute_change"
FAILED_EVENT = "failed_event"
FAILED_RELATIONSHIP = "relationship_failed_attribute_change"
SKIPPED = "skipped_update"


class Dropped(Exception):
    """An operation is not applied.

    `activity` is the type of the activity that shows it, None for none; `data` is the activity's data beside
    the reason.
    """

    def __init__(
        self,
        reason: str,
        activity: str | None = None,
        *,
        person: int = NO_PERSON,
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
