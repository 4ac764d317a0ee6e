"""Knobs: settings where Customer.io's behaviour is unknown or differs between workspaces.

`cio-elt sandbox --knobs` lists them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from sources.customerio.sandbox.state.store.export_file import DELIVERY_COLUMNS, ExportOptions
from sources.customerio.sandbox.state.store.write_queue import LOG_SIZE, ApplyOptions

EventIds = Literal["accept", "dedupe", "refuse"]


@dataclass(frozen=True, kw_only=True)
class Knob:
    """What a knob is: its name, default and meaning, and the basis of the default.

    The basis has tags of facts (FACTS.md), the word `unverified` where no source says it, or the word
    `sandbox` for a setting of the sandbox itself.
    """

    name: str
    default: Any
    meaning: str
    basis: str


def _about(meaning: str, basis: str) -> dict[str, str]:
    return {"meaning": meaning, "basis": basis}


@dataclass(kw_only=True)
class Knobs:
    """Settings that can be changed while the sandbox runs; `Knobs.all()` explains each."""

    forbidden: set[str] = field(
        default_factory=set,
        metadata=_about("operations that the key's scope does not allow: 403", "[spec26]"),
    )
    not_served: set[str] = field(
        default_factory=set,
        metadata=_about(
            "operations that this region or plan does not have: 404 without JSON", "[live-estuary]"
        ),
    )
    wrong_region: bool = field(
        default=False,
        metadata=_about("this is the other region's host, so no App API key is known here: 401", "[airbyte]"),
    )
    limits_refused: bool = field(
        default=False,
        metadata=_about(
            "a `limit` above an operation's largest is 400; else the page is cut to the largest, "
            "which no live workspace had rows to show",
            "[live-estuary], unverified",
        ),
    )
    messages_restart: bool = field(
        default=True,
        metadata=_about(
            "a token past the end of a list of messages leads back to the first page; else to an empty one",
            "[live-estuary]",
        ),
    )
    person_pages_restart: bool = field(
        default=True, metadata=_about("the same for the messages of a person", "unverified")
    )
    next_after_full_only: bool = field(
        default=False,
        metadata=_about("of newsletters and senders, a page that is not full has no `next`", "unverified"),
    )
    objects_page: int = field(
        default=10,
        metadata=_about(
            "rows on a page of objects or relationships whose `limit` is not given", "unverified"
        ),
    )
    duplicates_across_pages: bool = field(
        default=True,
        metadata=_about(
            "a page of objects or relationships begins with the last row of the one before", "[spec25]"
        ),
    )
    root_lists_all: bool = field(
        default=True,
        metadata=_about(
            "a list of Design Studio or of assets without a folder has the rows of all folders, as "
            "Customer.io's library says, and not those of the root alone",
            "[sdk node], unverified",
        ),
    )
    studio_bounds_inclusive: bool = field(
        default=False,
        metadata=_about(
            "`created_after` and the like of Design Studio include the second itself", "[live-estuary]"
        ),
    )
    export_takes_s: int = field(
        default=30, metadata=_about("seconds of the clock until an export's file is there", "unverified")
    )
    exports_queued: int = field(
        default=5,
        metadata=_about(
            "the most exports of people and deliveries that are pending at once; one more is refused, with a "
            "status that is unverified",
            "[fivetran]",
        ),
    )
    export_fails: bool = field(default=False, metadata=_about("exports created from now on fail", "[spec25]"))
    export_keeps: float = field(
        default=1.0,
        metadata=_about(
            "the share of a file's bytes that storage has: 0.9 makes truncated files", "unverified"
        ),
    )
    export_miscounts: int = field(
        default=0,
        metadata=_about(
            "the number of rows that an export's `total` has beyond those of the file", "unverified"
        ),
    )
    export_gzip: bool = field(
        default=False,
        metadata=_about("files of exports are gzipped, without a Content-Encoding", "unverified"),
    )
    export_pending_status: int = field(
        default=422, metadata=_about("the status of a download that is asked for too early", "unverified")
    )
    link_valid_s: int = field(
        default=900, metadata=_about("seconds for which a download link works", "[spec25]")
    )
    delivery_columns: Sequence[tuple[str, str]] = field(
        default=DELIVERY_COLUMNS,
        metadata=_about(
            "(header, field) of deliveries exports, whose real headers are not published", "unverified"
        ),
    )
    trigger_takes_s: int = field(
        default=20,
        metadata=_about("seconds of the clock that each queued trigger of a broadcast takes", "unverified"),
    )
    topic_required: bool = field(
        default=False,
        metadata=_about(
            "a new newsletter must name a topic, as where the subscription center is on", "[spec26]"
        ),
    )
    sends_create: bool = field(
        default=True,
        metadata=_about("a message to an unknown id or email adds that person; else it is 400", "unverified"),
    )
    apply_delay_s: int = field(
        default=0, metadata=_about("seconds of the clock from a write's 200 until it is applied", "[track26]")
    )
    drop_every: int = field(
        default=0,
        metadata=_about(
            "every n-th write is accepted and lost: 14 loses 7 of 100; 0 loses none", "[track26]"
        ),
    )
    optout_takes_s: int = field(
        default=5,
        metadata=_about(
            "seconds of the clock until a change of opt-outs can be read", "[spec26], unverified"
        ),
    )
    email_by_id: bool = field(
        default=False, metadata=_about("the workspace allows updates to an email by id", "[track26]")
    )
    events_create: bool = field(
        default=False, metadata=_about("an event of an unknown person creates that person", "unverified")
    )
    event_ids: EventIds = field(
        default="accept",
        metadata=_about(
            "an event's id that is no ULID is taken without deduplication (`accept`), is deduplicated "
            "too (`dedupe`) or makes the event invalid (`refuse`)",
            "[seg26], unverified",
        ),
    )
    campaigns_start: bool = field(
        default=False,
        metadata=_about(
            "who enters a running campaign's segment, or does its event, starts a journey and gets its first "
            "message at once; else journeys are those of the world alone",
            "unverified",
        ),
    )
    campaigns_restart: bool = field(
        default=True,
        metadata=_about("who enters a campaign's segment a second time starts again", "unverified"),
    )
    removes_by_id: bool = field(
        default=False, metadata=_about("removing from a segment takes `id` alone, as documented", "[track26]")
    )
    batch_bytes: int = field(default=500_000, metadata=_about("the largest body of Track v2", "[track26]"))
    item_bytes: int = field(default=32_000, metadata=_about("the largest operation of Track v2", "[track26]"))
    oversize_status: int = field(
        default=413, metadata=_about("the status for a larger one, 413 or 400", "unverified")
    )
    batch_whole: bool = field(
        default=False,
        metadata=_about(
            "an invalid item refuses its whole batch with 400; else it is left out with 207", "[rud26]"
        ),
    )
    track_redirect: str = field(
        default="",
        metadata=_about(
            "the root of the right region's host: Track calls are sent there with 307", "[track26]"
        ),
    )
    import_takes_s: int = field(
        default=30, metadata=_about("seconds of the clock until an import has ended", "unverified")
    )
    import_fails: bool = field(default=False, metadata=_about("imports created from now on fail", "[spec26]"))
    webhook_hosts: set[str] = field(
        default_factory=set,
        metadata=_about("hosts that reporting webhooks are posted to, beside this machine", "sandbox"),
    )
    webhook_retry_s: int = field(
        default=30,
        metadata=_about(
            "seconds of the clock until a webhook is tried again that answered too late, or with a status "
            "that does not pause it",
            "unverified",
        ),
    )
    privacy_levels: bool = field(
        default=True, metadata=_about("the plan has privacy levels of attributes", "[sdk node]")
    )
    keep_writes: int = field(
        default=LOG_SIZE, metadata=_about("the number of writes in the sandbox's own log", "sandbox")
    )

    @classmethod
    def all(cls) -> tuple[Knob, ...]:
        """Every knob, with its default, meaning and basis."""
        defaults = cls()
        return tuple(
            Knob(name=each.name, default=getattr(defaults, each.name), **each.metadata)
            for each in fields(cls)
        )

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
            campaigns_start=self.campaigns_start,
            campaigns_restart=self.campaigns_restart,
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
    if name in ("forbidden", "not_served", "webhook_hosts"):
        return set(value)
    if name == "event_ids" and value not in get_args(EventIds):
        msg = f"event_ids is {', '.join(get_args(EventIds))}, not {value!r}."
        raise ValueError(msg)
    if name == "delivery_columns":
        return tuple((str(header), str(path)) for header, path in value)
    return value
