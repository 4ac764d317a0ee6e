"""`make bench`: runs the parts that are named, all of them for none."""

import argparse
import sys

from tests.bench import (
    audit,
    cadence,
    day,
    erase,
    export,
    first_hour,
    flows,
    growth,
    history,
    limits,
    load,
    memory,
    people,
    push,
    requests,
    results,
    search,
    start,
    sync,
    transform,
    workspace,
)
from tests.bench.results import Part
from tests.bench.runner import run_parts

PARTS: dict[str, Part] = {
    "start": Part(title="Starting a command", run=start.run),
    "first_hour": Part(
        title="The commands of README.md in a new clone, each beside the time that it promises",
        run=first_hour.run,
        once="a first run is the first once; of the commands of a few seconds it is the shortest of ten.",
    ),
    "load": Part(title="Loading deliveries into DuckDB from pages in memory", run=load.run),
    "memory": Part(
        title="The memory of a first sync, and of many new fields",
        run=memory.run,
        once="the larger sync takes minutes, and a peak of memory differs little.",
    ),
    "export": Part(
        title="Exporting deliveries from the sandbox to tables that can be queried",
        run=export.run,
        once="the sandbox takes minutes to make the files.",
    ),
    "people": Part(
        title="Exporting everybody in a workspace",
        run=people.run,
        once="the sandbox takes half a minute to make the people, and the number of requests is the same.",
    ),
    "audit": Part(
        title="Auditing pushes to 100,000 people, 500 rows of which were edited by hand",
        run=audit.run,
        once="the pushes that it audits take minutes, and the number of requests is the same.",
    ),
    "flows": Part(title="What Prefect adds to a sync that finds nothing new", run=flows.run),
    "push": Part(
        title="Pushing people: finding, packing, a first load",
        run=push.run,
        once="a run takes minutes; finding is already the shortest of five.",
    ),
    "limits": Part(title="Reaching 10 requests a second, never more; 200 ms an answer", run=limits.run),
    "search": Part(title=f"Searching {search.ROWS:,} deliveries", run=search.run),
    "erase": Part(
        title=f"Erasing {erase.PEOPLE:,} people of a warehouse of {erase.ROWS:,} deliveries with marts",
        run=erase.run,
        once="the marts that people are erased from take a minute.",
    ),
    "transform": Part(
        title=f"Building and testing the marts of {transform.ROWS:,} deliveries",
        run=transform.run,
        once="a run takes minutes.",
    ),
    "growth": Part(
        title=f"Few changes in {growth.ROWS:,} deliveries, and in {growth.LARGER} times as many",
        run=growth.run,
        once="a warehouse of that size takes minutes to fill and to build.",
    ),
    "cadence": Part(
        title="60 days of hourly syncs: requests for deliveries, recall of late metrics",
        run=cadence.run,
        once="it counts, and the counts are the same in every run.",
    ),
    "day": Part(
        title=f"{day.HOURS} hours of hourly work in one process, with {day.READERS} readers",
        run=day.run,
        once="a day of work takes minutes.",
    ),
    "requests": Part(
        title="The requests of single syncs",
        run=requests.run,
        once="it counts, and the counts are the same in every run.",
    ),
    "workspace": Part(
        title=f"{workspace.DAYS} days of hourly syncs of a workspace: requests, rows later than stated",
        run=workspace.run,
        once="it counts, and 1,440 syncs take most of an hour.",
    ),
    "history": Part(
        title=f"The deliveries of {history.DAYS} days by exports, 30 s each; 200 ms an answer",
        run=history.run,
        once="a run takes minutes.",
    ),
    "sync": Part(
        title="A whole sync against strict limits; 200 ms an answer",
        run=sync.run,
        once="three whole syncs at 10 requests a second take minutes.",
    ),
}


def main() -> None:
    """Run and print; the exit code is 1 if a bound was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}")
    parser.add_argument("--times", type=int, default=3, metavar="N", help="runs of each figure; default: 3")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--save", action="store_true", help="write tests/bench/results/PART.json")
    options = parser.parse_args()
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    if options.times < 1:
        parser.error("--times must be 1 or more")
    chosen = {name: PARTS[name] for name in options.parts or PARTS}
    folder = results.FOLDER if options.save else None
    sys.exit(run_parts(chosen, times=options.times, folder=folder, as_json=options.json))


if __name__ == "__main__":
    main()
