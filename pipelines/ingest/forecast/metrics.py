"""The costs of metrics: the periods of every parent."""

from collections.abc import Sequence

from pipelines.ingest.forecast.activity import (
    Activity,
    Path,
    asked_activity,
    counts_back,
    first_day,
    first_month,
    held_activity,
    sampled_activity,
)
from pipelines.ingest.forecast.cost import ASKED, Cost, ids_of_parents, listed_by_id, parts_of_parents, spread
from pipelines.ingest.forecast.due import a_day, due, told_parents
from pipelines.ingest.forecast.survey import Survey
from pipelines.ingest.forecast.timeline import timeline
from sources.customerio.catalogue import Operation, Resource, operation, resource


def metrics(survey: Survey, row: Resource) -> Cost:
    """The periods of every parent: those that count back ask for days where their months have a number."""
    call, parent = operation(row.operation), resource(str(row.parent))
    top = resource(_top(row))
    tops = listed_by_id(survey, top.table)
    found = due(survey, row, tops)
    everything = _paths(survey, row, parent)
    whole = set(found.whole)
    paths = [path for path in everything if path[0] in whole] + found.parts
    back, beyond, each = counts_back(call), 0.0, 1.0
    if back and row.table in survey.tables:
        # Those that are told of without a number before have their first one.
        first = dict.fromkeys(
            told_parents(survey).of(row.table), Activity(ever=True, lately=True, in_days=True)
        )
        known = {**first, **held_activity(survey, row)}
        beyond = sum(known[path].requests(call) - 1 for path in paths if path in known)
        each = 1 + sum(known[path].requests(call) - 1 for path in everything if path in known) / max(
            len(everything), 1
        )
    elif back:
        beyond = _sampled_beyond(survey, row, call, paths)
        each = 1 + beyond / max(len(everything), 1)
    days = f"AND (period = 'months' OR start_at >= {first_day(survey.now)})" if back else ""
    below = tuple((parent.table, key) for key in found.whole) if parent.parent else ()
    hourly, daily = a_day(survey, row, each * len(everything), len(everything))
    return Cost(
        requests=len(paths) + beyond,
        rows=survey.count(row.table, days),
        lists=(top.table, *below),
        hourly=hourly,
        daily=daily,
        note="" if row.table in survey.tables else "rows are known after the first sync",
    )


def _paths(survey: Survey, row: Resource, parent: Resource) -> list[Path]:
    if parent.parent is None:
        return [(int(top),) for top in ids_of_parents(survey, row)]
    return [(top, part) for top, parts in parts_of_parents(survey, parent).items() for part in parts]


def _sampled_beyond(survey: Survey, row: Resource, call: Operation, paths: Sequence[Path]) -> float:
    """The requests after the first one of each parent, as the sampled deliveries say.

    Where these do not tell, some parents are asked; a newsletter that was sent lately is asked apart.
    """
    known = timeline(survey, resource("messages"))
    seen = sampled_activity(survey, row, known.sampled)
    beyond = {path: seen[path].requests(call) - 1 for path in paths if path in seen}
    if known.filled and not known.note:
        return sum(beyond.values())
    sure = [path for path in beyond if seen[path].lately]
    sent = {int(record["id"]): record.get("sent_at", 0) for record in survey.listed(_top(row)).rows}
    total: float = sum(beyond[path] for path in sure)
    lately = first_month(survey.now)
    # What was never sent has no number.
    rest = [path for path in paths if path not in sure and sent[path[0]] is not None]
    for group in ([path for path in rest if (sent[path[0]] >= lately) is new] for new in (True, False)):
        asked = [asked_activity(survey, row, path).requests(call) - 1 for path in spread(group, ASKED)]
        total += len(group) * sum(asked) / max(len(asked), 1)
    return total


def _top(row: Resource) -> str:
    """The table of the outermost parents."""
    parent = resource(str(row.parent))
    return parent.parent or parent.table
