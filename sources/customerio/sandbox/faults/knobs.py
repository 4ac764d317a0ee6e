"""Knobs: settings where Customer.io's behaviour is unknown or differs between workspaces."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from sources.customerio.sandbox.state.store.export_file import DELIVERY_COLUMNS, ExportOptions
from sources.customerio.sandbox.state.store.write_queue import LOG_SIZE, ApplyOptions

EventIds = Literal["accept", "dedupe", "refuse"]


@dataclass(kw_only=True)
class Knobs:
    """Settings that can be changed while the sandbox runs.

    - `forbidden`: operations that the key's scope does not allow (403);
    - `not_served`: operations that this region or plan does not have: 404 without JSON;
    - `wrong_region`: this is the other region's host, so no App API key is known here (401);
    - `export_takes_s`: seconds of the clock until an export's file is there;
    - `export_fails`: exports created from now on fail;
    - `export_keeps`: the share of a file's bytes that storage has: 0.9 makes truncated files;
    - `export_miscounts`: what `total` says beyond the rows of the file;
    - `export_gzip`: files are gzipped, without a Content-Encoding;
    - `export_pending_status`: the status of a download that is asked for too early (unverified);
    - `link_valid_s`: how long a download link works;
    - `trigger_takes_s`: seconds of the clock that each queued trigger of a broadcast takes;
    - `apply_delay_s`: seconds of the clock from a write's 200 until it is applied;
    - `drop_every`: every n-th write is accepted and lost: 14 loses 7 of 100 (0: none);
    - `optout_takes_s`: seconds of the clock until a change of opt-outs can be read (how many is unverified);
    - `keep_writes`: the number of writes in the log;
    - `email_by_id`: the workspace allows updates to an email by id;
    - `events_create`: an event of an unknown person creates that person (unverified);
    - `event_ids`: an event's id that is no ULID is taken without deduplication (`accept`, as Segment's writes
      suggest; unverified), is deduplicated too (`dedupe`) or makes the event invalid (`refuse`);
    - `removes_by_id`: removing from a segment takes `id` alone, as documented [track26];
    - `batch_bytes`, `item_bytes`: the limits of Track v2, of a body and of one operation;
    - `oversize_status`: the status for a larger one, 413 or 400 (unverified);
    - `batch_whole`: an invalid item refuses its whole batch with 400; by default it is left out with 207;
    - `track_redirect`: the root of the right region's host: Track calls are sent there with 307;
    - `objects_page`: rows on a page of objects or relationships whose `limit` is not given (unverified);
    - `next_after_full_only`: of newsletters and senders, a page that is not full has no `next` (unverified);
    - `root_lists_all`: a list of Design Studio or of assets without a folder has the rows of all folders, as
      Customer.io's library says, and not those of the root alone (unverified) [sdk node];
    - `person_pages_restart`: a token past the end of a person's messages leads back to the first page, as in
      the workspace's list (unverified);
    - `duplicates_across_pages`: such a page begins with the last row of the one before [spec25];
    - `topic_required`: a new newsletter must name a topic, as where the subscription center is on [spec26];
    - `import_takes_s`: seconds of the clock until an import has ended;
    - `import_fails`: imports created from now on fail;
    - `privacy_levels`: whether the plan has privacy levels of attributes;
    - `delivery_columns`: (header, field) of deliveries exports, whose real headers are not published.
    """

    forbidden: set[str] = field(default_factory=set)
    not_served: set[str] = field(default_factory=set)
    wrong_region: bool = False
    export_takes_s: int = 30
    export_fails: bool = False
    export_keeps: float = 1.0
    export_miscounts: int = 0
    export_gzip: bool = False
    export_pending_status: int = 422
    link_valid_s: int = 900
    trigger_takes_s: int = 20
    apply_delay_s: int = 0
    drop_every: int = 0
    optout_takes_s: int = 5
    keep_writes: int = LOG_SIZE
    email_by_id: bool = False
    events_create: bool = False
    event_ids: EventIds = "accept"
    removes_by_id: bool = False
    batch_bytes: int = 500_000
    item_bytes: int = 32_000
    oversize_status: int = 413
    batch_whole: bool = False
    track_redirect: str = ""
    objects_page: int = 10
    next_after_full_only: bool = False
    root_lists_all: bool = True
    person_pages_restart: bool = True
    duplicates_across_pages: bool = True
    topic_required: bool = False
    import_takes_s: int = 30
    import_fails: bool = False
    privacy_levels: bool = True
    delivery_columns: Sequence[tuple[str, str]] = DELIVERY_COLUMNS

    def set(self, values: dict[str, Any]) -> None:
        """Change settings; ValueError if one is unknown."""
        known = {knob.name for knob in fields(self)}
        unknown = sorted(set(values) - known)
        if unknown:
            msg = f"There is no knob {', '.join(unknown)}; there are {', '.join(sorted(known))}."
            raise ValueError(msg)
        for name, value in values.items():
            setattr(self, name, _shaped(name, value))

    def apply_options(self) -> ApplyOptions:
        """The options of applying writes at present."""
        return ApplyOptions(
            email_by_id=self.email_by_id,
            events_create=self.events_create,
            removes_by_id=self.removes_by_id,
            dedupes_any_id=self.event_ids == "dedupe",
        )

    def export_options(self) -> ExportOptions:
        """The options of making exports at present."""
        return ExportOptions(
            takes_s=self.export_takes_s,
            gzipped=self.export_gzip,
            fails=self.export_fails,
            keeps=self.export_keeps,
            miscounts=self.export_miscounts,
            delivery_columns=tuple(self.delivery_columns),
        )


def _shaped(name: str, value: Any) -> Any:
    """A knob's value from JSON, with sets and tuples where the knob has them."""
    if name in ("forbidden", "not_served"):
        return set(value)
    if name == "event_ids" and value not in get_args(EventIds):
        msg = f"event_ids is {', '.join(get_args(EventIds))}, not {value!r}."
        raise ValueError(msg)
    if name == "delivery_columns":
        return tuple((str(header), str(path)) for header, path in value)
    return value
