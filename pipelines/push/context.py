"""The context of a push: everything that its steps share, made once."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from pipelines.connect import client
from pipelines.errors import ConfigError
from pipelines.notify import Notify, silent
from pipelines.push.journal.database import Journal, PushId
from pipelines.push.journal.lease import hold_lease
from pipelines.push.journal.snapshot import fold_run, rows_kept_s
from pipelines.push.journal.workspaces import name_of_workspace
from pipelines.push.plan.segment import segment_request
from pipelines.push.plan.transport import check_staging
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings
from pipelines.workspace import Identity, identify
from sources.customerio.client import Client


@dataclass(frozen=True, kw_only=True)
class PushContext:
    """Everything that the steps of a push share.

    Attributes:
        spec: What is pushed.
        settings: The settings of this process.
        identity: The workspace that rows are sent to, and if the App API key is known to be of the same one.
        push_id: The push in the journal.
        journal: The journal of the data folder.
        client: The client of both APIs.
        segment: Path and query of the operations of a segment; None for pushes without one.
        fence: The fencing token of the lease; 0 without a lease, with which every write is refused.
        notify: Called with a sentence that a user should know.
    """

    spec: PushSpec
    settings: Settings
    identity: Identity
    push_id: PushId
    journal: Journal
    client: Client
    segment: dict[str, Any] | None
    fence: int
    notify: Notify = silent

    def fold(self, run_id: str) -> None:
        """Fold the log of a run into the snapshot; see `fold_run`."""
        fold_run(
            self.journal,
            self.push_id,
            self.fence,
            run_id,
            max_attempts=self.spec.deliver.max_attempts,
            kept_s=rows_kept_s(self.settings),
        )


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
        WrongWorkspace: the keys are of two workspaces, or of another one than the data folder.
        InvalidSpec: the segment does not exist, or is a dynamic one.
        LeaseHeld: another process runs this push.
    """
    identity = _identify(settings, spec)
    if identity.silence:
        notify(f"{spec.sync}: the Track API does not answer; the push goes on trying. {identity.silence}")
    journal = Journal(settings.cio_elt_data)
    push_id = _push_id(settings, spec, identity, journal)
    retries = {} if retry_for_s is None else {"retry_for_s": retry_for_s}
    with (
        client(settings, **retries) as open_client,
        hold_lease(journal, push_id) if lease else nullcontext(0) as fence,
    ):
        yield PushContext(
            spec=spec,
            settings=settings,
            identity=identity,
            push_id=push_id,
            journal=journal,
            client=open_client,
            segment=segment_request(open_client, spec),
            fence=fence,
            notify=notify,
        )


@contextmanager
def open_journal(settings: Settings, spec: PushSpec) -> Iterator[tuple[Journal, PushId]]:
    """The journal of the data folder and the push in it, with its lease; for changes that send nothing.

    Raises:
        ConfigError: as `open_context`.
        LeaseHeld: another process runs this push.
    """
    identity = _identify(settings, spec)
    journal = Journal(settings.cio_elt_data)
    push_id = _push_id(settings, spec, identity, journal)
    with hold_lease(journal, push_id):
        yield journal, push_id


def _identify(settings: Settings, spec: PushSpec) -> Identity:
    """The workspace that the Track API's keys are of."""
    check_staging(settings, spec)
    if settings.customerio_track_site_id is None or settings.customerio_track_api_key is None:
        msg = (
            "Pushing needs CUSTOMERIO_TRACK_SITE_ID and CUSTOMERIO_TRACK_API_KEY. Make a Track API key in "
            "Customer.io, in the account settings under API credentials, and set both."
        )
        raise ConfigError(msg)
    return identify(settings)


def _push_id(settings: Settings, spec: PushSpec, identity: Identity, journal: Journal) -> PushId:
    site = settings.customerio_track_site_id
    known = "" if site is None else site.get_secret_value()
    return PushId(name_of_workspace(journal, identity.id, known, proven=identity.proven), spec.sync)
