"""Draws a schedule from a seed: the tables, the steps, and for each step its events, troubles and command."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sources.customerio.catalogue import Resource, resource
from sources.customerio.sandbox import SCALES
from tests.torture import events, faults
from tests.torture.events import Event
from tests.torture.faults import Trouble

How = Literal["alone", "killed", "on a full disk", "with another"]

SCALE = replace(
    SCALES["tiny"],
    name="torture",
    people=40,
    campaigns=4,
    segments=6,
    deliveries=200,
    events=120,
    history_days=120,
)
"""A workspace that is read in a second."""

GROUPS: tuple[tuple[str, ...], ...] = (
    ("messages",),
    ("activities",),
    ("people",),
    ("segments", "segment_memberships", "segment_counts", "segment_usage"),
    ("campaigns", "campaign_actions"),
    ("campaigns", "campaign_metrics", "campaign_link_metrics"),
    ("newsletters", "newsletter_contents", "newsletter_test_groups"),
    ("newsletters", "newsletter_metrics"),
    ("broadcasts", "broadcast_actions", "broadcast_triggers", "broadcast_metrics"),
    ("transactional_messages", "transactional_contents", "transactional_metrics"),
    ("exports", "exported_people", "exported_deliveries"),
    ("object_types", "objects", "relationships"),
    ("sender_identities", "sender_usage", "snippets", "subscription_topics", "reporting_webhooks"),
    ("collections", "collection_rows", "ip_addresses", "workspaces"),
    ("optouts", "esp_suppressions"),
    ("design_studio_folders", "design_studio_emails", "asset_folders", "assets"),
)
"""Tables that are read together."""

_LIKELY = (("messages",), ("activities",), ("people",), GROUPS[3], GROUPS[4], GROUPS[10])
_DAY = 86_400
DAYS_AGO = " days ago"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: time passes, events happen, troubles begin, and a command runs.

    `meanwhile` are events of the run itself, each after a number of requests. `other` is the command that
    runs at the same time. `at` is the number of requests after which a process is killed, or the kilobytes
    that a full disk has left.
    """

    command: tuple[str, ...]
    how: How = "alone"
    pause_s: int = 60
    events: tuple[Event, ...] = ()
    meanwhile: tuple[tuple[int, Event], ...] = ()
    troubles: tuple[Trouble, ...] = ()
    other: tuple[str, ...] = ()
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The steps of a seed, and the tables that they read; people come by exports if `many`."""

    seed: int
    tables: tuple[Resource, ...]
    many: bool
    steps: tuple[Step, ...]


def draw(seed: int) -> Schedule:
    """The schedule of that seed."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    groups = [chance.choice(_LIKELY), chance.choice(GROUPS)]
    tables = tuple(resource(name) for name in dict.fromkeys(name for group in groups for name in group))
    lie_at, length = chance.randrange(6), chance.choice([1, 1, 2, 2, 3])
    steps = tuple(_step(chance, tables, lie=index == lie_at) for index in range(length))
    return Schedule(seed=seed, tables=tables, many=chance.random() < 0.15, steps=steps)


def _step(chance: random.Random, tables: Sequence[Resource], *, lie: bool) -> Step:
    command, how = _command(chance, tables), _how(chance)
    alone = how == "alone"
    troubles = () if chance.random() < 0.15 else _troubles(chance, tables, lie=lie, alone=alone)
    step = Step(
        command=command,
        how=how,
        pause_s=chance.choice([60, 60, 3_600, _DAY, 9 * _DAY]),
        events=tuple(_event(chance) for _ in range(chance.randrange(4))),
        meanwhile=tuple(
            (chance.randrange(1, 40), _event(chance)) for _ in range(chance.choice([0, 0, 1, 2]))
        ),
        troubles=troubles,
    )
    if how == "killed":
        return replace(step, at=chance.randrange(1, 60))
    if how == "on a full disk":
        return replace(step, at=chance.choice([8, 64, 256, 1_024, 4_096]))
    if how == "with another":
        return replace(step, other=_command(chance, tables))
    return step


def _how(chance: random.Random) -> How:
    return chance.choices(["alone", "killed", "on a full disk", "with another"], [88, 5, 3, 4])[0]  # type: ignore[return-value]


def _troubles(
    chance: random.Random, tables: Sequence[Resource], *, lie: bool, alone: bool
) -> tuple[Trouble, ...]:
    if not alone:
        # A process of its own waits between two tries.
        return (faults.passing(chance, tables),) if chance.random() < 0.5 else ()
    return tuple(faults.draw(chance, tables, lie=lie) for _ in range(chance.choice([1, 1, 2, 3])))


def _event(chance: random.Random) -> Event:
    return Event(kind=chance.choice(sorted(events.KINDS)), pick=chance.random())


def _command(chance: random.Random, tables: Sequence[Resource]) -> tuple[str, ...]:
    names = tuple(row.table for row in tables)
    timed = [name for name in ("messages", "activities") if name in names]
    kinds: list[tuple[int, tuple[str, ...]]] = [
        (50, ("sync", *names)),
        (15, ("sync", "--full", *names)),
        (6, ("sync", *chance.sample(names, chance.randint(1, len(names))))),
        (2, ("publish",)),
        (1, ("transform",)),
        (3, ("export", "people")),
        (3, ("export", "deliveries", "--campaign", str(chance.randint(1, 4)))),
        (8 if timed else 0, ("backfill", *_range(chance, chance.choice(timed or ["messages"])))),
    ]
    weights, commands = zip(*kinds, strict=True)
    return (*chance.choices(commands, weights)[0], "--json")


def _range(chance: random.Random, table: str) -> tuple[str, ...]:
    if chance.random() < 0.25:
        return (table, "--gaps", "--from", _days_ago(20))
    begin = chance.randint(2, 100 if table == "messages" else 25)
    end = () if table == "activities" else ("--to", _days_ago(chance.randrange(begin)))
    return (table, "--from", _days_ago(begin), *end, "--chunk-days", "30")


def _days_ago(days: int) -> str:
    """A moment that is filled in when the command runs."""
    return f"{days}{DAYS_AGO}"
