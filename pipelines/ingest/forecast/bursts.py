"""Deliveries that are sent at once, to many people: newsletters and broadcasts, by their own counts.

A page of deliveries lies within one of them or between two, so pages tell nothing of their size.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from pipelines.ingest.forecast.activity import asked_series
from pipelines.ingest.forecast.cost import spread
from pipelines.ingest.forecast.survey import Survey
from pipelines.times import HOUR
from sources.customerio.catalogue import Resource, operation, resource
from sources.customerio.catalogue.periods import latest

_TABLES = ("newsletter_metrics", "broadcast_metrics")
_SAMPLES = 8
_CREATED, _SENT_AT = "created", "sent_at"


def is_of_burst(delivery: Mapping[str, Any]) -> bool:
    """Checks if the delivery is one of many that were sent at once."""
    return any(delivery.get(_column(resource(table))) for table in _TABLES)


def burst_cells(survey: Survey, since: int) -> Iterator[tuple[int, int, float]]:
    """Begin, end (Unix s) and deliveries of each burst since then; some are counted, the others are alike."""
    for row in map(resource, _TABLES):
        parents = survey.listed(str(row.parent)).rows
        sent = [record for record in parents if (record.get(_SENT_AT) or 0) >= since]
        yield from _dated(survey, row, sent)
        yield from _undated(survey, row, [record for record in parents if _SENT_AT not in record])


def _dated(survey: Survey, row: Resource, sent: list[Any]) -> Iterator[tuple[int, int, float]]:
    """Those that say when they were sent, once each."""
    sizes = {record["id"]: sum(_created(survey, row, record)) for record in spread(sent, _SAMPLES)}
    mean = sum(sizes.values()) / max(len(sizes), 1)
    for record in sent:
        yield record[_SENT_AT], record[_SENT_AT] + HOUR, sizes.get(record["id"], mean)


def _undated(survey: Survey, row: Resource, parents: list[Any]) -> Iterator[tuple[int, int, float]]:
    """Those that are sent again and again: by month."""
    asked = spread(parents, _SAMPLES)
    for record in asked:
        numbers = _created(survey, row, record)
        months = [*latest("months", len(numbers), survey.now), survey.now + 1]
        for (start, end), number in zip(pairwise(months), numbers, strict=True):
            if number:
                yield start, end, number * len(parents) / len(asked)


def _created(survey: Survey, row: Resource, record: Any) -> list[int]:
    return next(iter(asked_series(survey, row, (int(record["id"]),), _CREATED)), [])


def _column(row: Resource) -> str:
    """The parent's id, in the call's path and in a delivery."""
    return operation(row.operation).path_parameters[0].name
