"""The costs of what has time: deliveries by windows, the feed of activities, archived copies."""

from pipelines.ingest.coverage import FEED_DEPTH_S
from pipelines.ingest.forecast.cost import Cost, pages_of
from pipelines.ingest.forecast.due import looked_up
from pipelines.ingest.forecast.histogram import page_count
from pipelines.ingest.forecast.survey import Survey
from pipelines.ingest.forecast.timeline import Timeline, history_windows, timeline
from pipelines.times import DAY, HOUR
from sources.customerio.catalogue import Resource, operation
from sources.customerio.extract import Window, sliced
from sources.customerio.extract.activities import feed_floor, is_daily
from sources.customerio.extract.messages import WINDOW_S, due_windows

_ARCHIVED_A_DAY = 100


def windows(survey: Survey, row: Resource) -> Cost:
    """New deliveries and those of each age that is due again; a first sync reads the whole history."""
    known, options, now = timeline(survey, row), survey.options, survey.now
    state = survey.state(row.table)
    if "read_to" in state and not options.full:
        due = [
            part
            for window in due_windows(options, dict(state), now).values()
            for part in sliced_windows(window)
        ]
    else:
        due = history_windows(known, now, options.start)
    page = operation(row.operation).page_max or 1
    each_band, top = [], now
    for band in options.bands:
        window = Window(start=now - band.max_age_s, end=top)
        each_band.append((page_count(sliced_windows(window), known.rows, page), band.every_s))
        top = window.start - 1
    return Cost(
        requests=page_count(due, known.rows, page) + len(looked_up(survey)),
        rows=sum(known.rows.rows(window) for window in due),
        hourly=sum(requests for requests, every_s in each_band if not every_s),
        daily=sum(requests * DAY / every_s for requests, every_s in each_band if every_s),
        note=known.note,
    )


def sliced_windows(window: Window) -> list[Window]:
    """The windows in which the reader reads that time."""
    return sliced(window, WINDOW_S)


def feed(survey: Survey, row: Resource) -> Cost:
    """The feed down to the watermark less the overlap, once a day less a longer one; at first to its end."""
    known, options, state, now = timeline(survey, row), survey.options, survey.state(row.table), survey.now
    hourly = feed_pages(survey, row, known, now - HOUR - options.overlap_s)
    daily = feed_pages(survey, row, known, now - DAY - options.daily_overlap_s) - hourly
    floor = feed_floor(options, state.get("watermark"), state, daily=is_daily(state, now))
    if floor is None:
        rows = known.rows.rows(Window(start=now - FEED_DEPTH_S, end=now))
        return Cost(
            requests=pages_of(operation(row.operation), rows),
            rows=rows,
            hourly=hourly,
            daily=daily,
            note=known.note,
        )
    requests = feed_pages(survey, row, known, floor)
    rows = requests * (operation(row.operation).page_max or 1)
    return Cost(requests=requests, rows=rows, hourly=hourly, daily=daily, note=known.note)


def feed_pages(survey: Survey, row: Resource, known: Timeline, start: int) -> int:
    """The pages of the feed down to the first one that is older than `start` as a whole."""
    above = known.rows.rows(Window(start=start, end=survey.now))
    return pages_of(operation(row.operation), above) + 1


def archived(_survey: Survey, _row: Resource) -> Cost:
    """The copies of a hundred deliveries a day, and a page of deliveries that names them."""
    return Cost(requests=_ARCHIVED_A_DAY + 1, rows=_ARCHIVED_A_DAY, hourly=0, daily=_ARCHIVED_A_DAY)
