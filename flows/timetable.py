"""The deployments that are served, as lines of text: when each runs, and the next time."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from croniter import croniter
from prefect.deployments.runner import RunnerDeployment

_BY_HAND: Final = "started by hand"
_PAUSED: Final = "paused"


def lines(served: Iterable[RunnerDeployment], now: datetime) -> list[str]:
    """A line for each schedule, and for each deployment without one: its name, its times, the next run."""
    rows = [row for each in served for row in _rows(each, now)]
    wide = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"  {name:{wide[0]}}  {times:{wide[1]}}  {following}".rstrip() for name, times, following in rows]


def _rows(made: RunnerDeployment, now: datetime) -> list[tuple[str, str, str]]:
    if not made.schedules:
        return [(str(made.name), _BY_HAND, "")]
    return [_row(made, schedule, now) for schedule in made.schedules]


def _row(made: RunnerDeployment, schedule: Any, now: datetime) -> tuple[str, str, str]:
    """A schedule's line; a push has schedules of its own, so its name is in the line."""
    cron, zone = schedule.schedule.cron, schedule.schedule.timezone or "UTC"
    name = " ".join([str(made.name), *schedule.parameters.get("syncs", [])])
    paused = made.paused or not schedule.active
    return name, f"{cron} {zone}", _PAUSED if paused else _following(cron, zone, now)


def _following(cron: str, zone: str, now: datetime) -> str:
    following: datetime = croniter(cron, now.astimezone(ZoneInfo(zone))).get_next(datetime)
    return f"next {following.astimezone(UTC):%a %d %b %H:%M} UTC"
