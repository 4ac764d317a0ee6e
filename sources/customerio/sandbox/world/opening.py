"""The records of a world at its beginning: segments, campaigns with their actions, broadcasts.

They are the sources of its deliveries, so that every delivery has a parent that the API can list.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sources.customerio.sandbox.clock import DAY
from sources.customerio.sandbox.state.store import conditions
from sources.customerio.sandbox.state.store.deliveries import Source
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.planned_changes import AddRecord
from sources.customerio.sandbox.state.store.records import UNSCHEDULED
from sources.customerio.sandbox.world import contents, vocabulary
from sources.customerio.sandbox.world.scale import Scale
from sources.customerio.sandbox.world.workspace_records import initial_records

# The first campaign has more actions than fit a page of ten.
_FIRST_ACTIONS, _BRANCHES = 13, ("attribute_update", "split_randomized", "delay")
_CHANNELS = (
    "email",
    "email",
    "push",
    "slack",
    "twilio",
    "email",
    "in_app",
    "email",
    "webhook",
    "email",
    "email",
)
# (campaign, position) of the action whose deliveries stay drafts.
_DRAFTED = (1, 1)
_TEMPLATES_IN_USE = 3
# Offset of the ids of translated actions.
_TRANSLATED = 8000
BETA_TESTERS, EMPTY_SEGMENT = 5, 6
DRAFT_NEWSLETTER = 9_001
FIRST_BROADCAST = 501


@dataclass(kw_only=True)
class Opening:
    """The steps that create the first records, and the sources of deliveries from the first day on."""

    environment_id: int
    steps: list[AddRecord] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)  # share of each source in the automated messages
    broadcast_sources: list[int] = field(default_factory=list)
    drafted: set[int] = field(default_factory=set)  # sources whose deliveries stay drafts
    without_body: set[int] = field(default_factory=set)  # sources whose contents are not archived
    action_ids: list[int] = field(default_factory=list)


def plan_opening(scale: Scale, genesis: int, environment_id: int) -> Opening:
    """The opening of a world whose records are made before `genesis`, in a workspace of that id."""
    opening = Opening(environment_id=environment_id)
    opening.steps += [
        AddRecord(at=genesis, table="segments", fields=fields) for fields in _segments(scale, genesis)
    ]
    for number in range(scale.campaigns):
        _campaign(opening, number, genesis, scale.actions)
    for number in range(scale.broadcasts):
        _broadcast(opening, number, genesis)
    opening.steps += initial_records(scale, genesis)
    opening.steps += contents.transactional(genesis)
    for number, template in enumerate(contents.TEMPLATES[:_TEMPLATES_IN_USE]):
        source = _source(
            opening,
            12.0 / (number + 1),
            channel=template.channel,
            template_id=template.content_id,
            subject=template.name,
            transactional_message_id=template.id,
        )
        if template.hidden:
            opening.without_body.add(source)
    opening.steps += contents.newsletter(
        DRAFT_NEWSLETTER, "Never sent", "email", 1, genesis, genesis - 30 * DAY
    )
    return opening


def _segments(scale: Scale, genesis: int) -> Iterator[Record]:
    named: list[tuple[str, Record | None]] = [
        ("All Users", conditions.exists("cio_id")),
        (
            "On a paid plan",
            {"and": [{"or": [conditions.equals("plan", name) for name in vocabulary.PAID_PLANS]}]},
        ),
        ("In Germany", conditions.equals("country", "DE")),
        ("Unsubscribed", conditions.equals("unsubscribed", "true")),
        ("Beta testers", None),
        ("Nobody yet", None),
        ("Has a phone", conditions.exists("phone")),
        (
            "Free and reachable",
            {"and": [conditions.equals("plan", "free"), conditions.differs("unsubscribed", "true")]},
        ),
        ("Admins", conditions.equals("is_admin", "true")),
        ("Has a favorite color", conditions.exists("favorite color")),
        ("Viewed a page in 30 days", {"and": [conditions.happened("page", "*", within=30 * DAY)]}),
        *((f"Country {code}", conditions.equals("country", code)) for code in ("US", "GB", "FR", "BR", "JP")),
    ]
    for number, (name, wanted) in enumerate(named[: scale.segments]):
        made = genesis - (200 - 9 * number) * DAY
        yield {
            "id": number + 1,
            "name": name,
            "description": "" if number % 2 else f"{name}, kept by the growth team",
            "tags": None if number % 3 else ["core"],
            "created_at": made,
            "updated_at": made + number * 4000,
            "conditions": None if wanted is None else conditions.numbered(wanted),
        }


def _campaign(opening: Opening, number: int, genesis: int, fewest: int) -> None:
    name, kind = vocabulary.CAMPAIGNS[number % len(vocabulary.CAMPAIGNS)]
    campaign_id = number + 1
    created = genesis - (400 - 5 * (number % 80)) * DAY
    state = "running" if number % 7 != 6 else "stopped"
    fields: Record = {
        "id": campaign_id,
        "name": name if number < len(vocabulary.CAMPAIGNS) else f"{name} {number}",
        "description": f"Sends the messages of {name.lower()}" if number % 3 else "",
        "type": kind,
        "created": created,
        "updated": created + number * 7777,
        "active": state == "running",
        "state": state,
        "first_started": created + DAY,
        "tags": ["lifecycle"] if number % 2 == 0 else None,
        "trigger_segment_ids": [2 + number % 3] if kind == "seg_attr" else [],
        **UNSCHEDULED,
    }
    if number % 4 == 1:
        fields["filter_segment_ids"] = [1]
    if number % 5 == 3:
        fields |= {"scheduled_start": created + DAY, "scheduled_start_should_backfill": True}
    if kind == "event":
        fields["event_name"] = "order_placed" if number % 2 else "cart_updated"
    if kind == "date":
        fields |= {
            "frequency": "yearly",
            "date_attribute": "created_at",
            "start_hour": 9,
            "start_minutes": 30,
        }
        fields |= {"timezone": "America/New_York", "use_customer_timezone": False}
    opening.steps.append(AddRecord(at=genesis, table="campaigns", fields=fields))
    count = _FIRST_ACTIONS if number == 0 else fewest + number % 5
    _actions(opening, number, fields, genesis, count)


def _actions(opening: Opening, number: int, campaign: Record, genesis: int, count: int) -> None:
    parent: int | None = None
    for position in range(count):
        action_id = 18 + len(opening.action_ids)
        opening.action_ids.append(action_id)
        # Some actions are branches, whose children are the two messages after them.
        branch = position % 4 == 2
        kind = _BRANCHES[position // 4 % 3] if branch else _CHANNELS[(number + position) % len(_CHANNELS)]
        kind = "email" if (number, position) == _DRAFTED else kind
        fields = _action(opening, action_id, campaign, kind, position)
        if not branch and parent is not None and position % 4 in (3, 0):
            fields["parent_action_id"] = parent
        parent = action_id if branch else parent
        opening.steps += _in_languages("campaign_actions", fields, genesis, number % 3 == 1 and not position)
        if branch:
            continue
        weight = 30.0 / (number + 2) if campaign["active"] else 0.0
        source = _source(opening, weight, channel=kind, template_id=fields["template_id"],
            campaign_id=campaign["id"], action_id=action_id, parent_action_id=fields.get("parent_action_id"),
            subject=fields.get("subject") or None, recipient=_FIXED.get(kind),
            event_triggered=campaign["type"] == "event")  # fmt: skip
        if fields["sending_state"] == "draft":
            opening.drafted.add(source)


def _action(opening: Opening, action_id: int, campaign: Record, kind: str, position: int) -> Record:
    """An action as the live API lists it: unset text is "", not null, and it has no `broadcast_id`."""
    created = campaign["created"] + position * 600
    email = kind == "email"
    return {
        "id": action_id,
        "campaign_id": campaign["id"],
        # Templates have ids of their own: action 25 had template 11 [live-airbyte].
        "template_id": 2 * action_id - 30,
        "name": f"{campaign['name']} #{position + 1}",
        "layout": "default" if email else "",
        "body": "<p>Hello {{customer.first_name}}</p>{{snippets.signature}}" if email else "",
        "created": created,
        "updated": created + (action_id % 5) * DAY,
        "type": kind,
        "language": "",
        "editor": "ui" if email else "",
        "recipient": "{{customer.email}}" if email else "",
        "subject": vocabulary.SUBJECTS[action_id % len(vocabulary.SUBJECTS)] if email else "",
        "recipient_environment_id": opening.environment_id,
        "sending_state": "draft" if (campaign["id"] - 1, position) == _DRAFTED else "automatic",
        **(
            {"from": "Acme <hello@example.com>", "from_id": 1, "reply_to": "", "preheader_text": ""}
            if email
            else {}
        ),
    }


def _in_languages(table: str, action: Record, genesis: int, translated: bool) -> Iterator[AddRecord]:
    """An action, and its translation if it has one: an object of its own [airbyte]."""
    if not translated:
        yield AddRecord(at=genesis, table=table, fields=action)
        return
    branch = {"multi_language_branch_action_id": action["id"]}
    yield AddRecord(at=genesis, table=table, fields=action | branch)
    translation = {"language": contents.LANGUAGE, "body": action["body"].replace("Hello", "Hallo")}
    ids = {"id": _TRANSLATED + action["id"], "template_id": _TRANSLATED + action["template_id"]}
    yield AddRecord(at=genesis, table=table, fields=action | branch | translation | ids)


def _broadcast(opening: Opening, number: int, genesis: int) -> None:
    created = genesis - (300 - number * 11) * DAY
    broadcast_id = FIRST_BROADCAST + number
    fields: Record = {
        "id": broadcast_id,
        "name": vocabulary.BROADCASTS[number % len(vocabulary.BROADCASTS)],
        "description": "",
        "type": "triggered_broadcast",
        "created": created,
        "updated": created + 3600,
        "active": True,
        "state": "running",
        "first_started": created + 7200,
        "tags": None,
        **UNSCHEDULED,
    }
    opening.steps.append(AddRecord(at=genesis, table="broadcasts", fields=fields))
    channel = "email" if number % 3 < 2 else "push"
    action_id = 5001 + number
    action = _action(opening, action_id, fields, channel, 0)
    del action["campaign_id"]
    action |= {"broadcast_id": broadcast_id, "template_id": 700 + number}
    opening.steps += _in_languages("broadcast_actions", action, genesis, number % 2 == 1)
    source = _source(opening, 0.0, channel=channel, template_id=700 + number, broadcast_id=broadcast_id,
        action_id=action_id, subject=action["subject"] or None)  # fmt: skip
    opening.broadcast_sources.append(source)


def _source(opening: Opening, weight: float, **fields: object) -> int:
    opening.sources.append(Source(**fields))  # type: ignore[arg-type]
    opening.weights.append(weight)
    return len(opening.sources) - 1


_FIXED = {"webhook": "https://hooks.example.com/cio", "slack": "#growth"}
