"""The context of a push: everything that its steps share, made once."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pipelines.connect import client
from pipelines.errors import ConfigError
from pipelines.notify import Notify, silent
from pipelines.push.journal.database import Journal, PushId
from pipelines.push.journal.lease import hold_lease
from pipelines.push.plan.segment import segment_request
from pipelines.push.plan.transport import check_staging
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings
from sources.customerio.client import Client


@dataclass(frozen=True, kw_only=True)
class PushContext:
    """Everything that the steps of a push share.

    Attributes:
        spec: What is pushed.
        push_id: The push in the journal.
        journal: The journal of the data folder.
        client: The client of both APIs.
        segment: Path and query of the operations of a segment; None for pushes without one.
        fence: The fencing token of the lease; 0 without a lease, with which every write is refused.
        notify: Called with a sentence that a user should know.
    """

    spec: PushSpec
    push_id: PushId
    journal: Journal
    client: Client
    segment: dict[str, Any] | None
    fence: int
    notify: Notify = silent


@contextmanager
def open_context(
    settings: Settings,
    spec: PushSpec,
    *,
    lease: bool = True,
    retry_for_s: float | None = None,
    notify: Notify = silent,
) -> Iterator[PushContext]:
    """The context of a push, with its lease unless `lease` is false; both end with the block.

    `retry_for_s` is how long a request is repeated; None for the client's own time.

    Raises:
        ConfigError: the Track API's keys are not set, or Customer.io cannot fetch staged files.
        InvalidSpec: the segment does not exist, or is a dynamic one.
        LeaseHeld: another process runs this push.
    """
    push_id, journal = push_id_of(settings, spec), Journal(settings.cio_elt_data)
    retries = {} if retry_for_s is None else {"retry_for_s": retry_for_s}
    with (
        client(settings, **retries) as open_client,
        hold_lease(journal, push_id) if lease else nullcontext(0) as fence,
    ):
        yield PushContext(
            spec=spec,
            push_id=push_id,
            journal=journal,
            client=open_client,
            segment=segment_request(open_client, spec),
            fence=fence,
            notify=notify,
        )


def push_id_of(settings: Settings, spec: PushSpec) -> PushId:
    """The push in the workspace that the settings name.

    Raises:
        ConfigError: the Track API's keys are not set, or Customer.io cannot fetch staged files.
    """
    check_staging(settings, spec)
    site = settings.customerio_track_site_id
    if site is None or settings.customerio_track_api_key is None:
        msg = (
            "Pushing needs CUSTOMERIO_TRACK_SITE_ID and CUSTOMERIO_TRACK_API_KEY. Make a Track API key in "
            "Customer.io, in the account settings under API credentials, and set both."
        )
        raise ConfigError(msg)
    return PushId(sha256(site.get_secret_value().encode()).hexdigest()[:12], spec.sync)
