"""FIDELITY.md: how the sandbox's answer to each operation is known, and which clients of others call it.

The live observations of an operation are rows of `LIVE`; the other sources follow from the clients that call
it, from the catalogue, and from the tags in the code that answers it. The clients' calls and the behaviours
are data of the tests, which compare them with what the clients do.
"""

import csv
import inspect
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sources.customerio.catalogue import OPERATIONS, Operation
from sources.customerio.sandbox import Knobs
from sources.customerio.sandbox.faults.assumptions import assumptions
from sources.customerio.sandbox.wire.routes import HANDLERS

TESTS = Path(__file__).parents[2] / "tests" / "sources" / "customerio" / "sandbox"
CALLS = TESTS / "clients" / "calls.json"
"""The operations that each client of others calls in the tests, by the client's name."""
BEHAVIOURS = TESTS / "behaviours.tsv"
"""The behaviours that the facts name beyond single fields, each with its test or knob."""

LIVE = {
    "live-airbyte": """listCampaigns listCampaignActions listMessages listActivities listSegments
        getSegmentMembership getSegmentCount listNewsletters listNewsletterVariants listTransactional
        listSenders getSuppressionByType listWorkspaces getCollections getCollectionContents getPeopleFilter
        getPeopleById listSnippets""",
    "live-estuary": """listMessages getPersonMessages listCampaigns listCampaignActions listBroadcasts
        broadcastActions listNewsletters listNewsletterVariants getNewsletterMsgMeta listTransactional
        listTransactionalVariants listSegments getSegmentMembership listSenders getTopics getChannels
        getObjectTypes listWorkspaces getSuppressionByType getDomainSuppressionsByType listExports
        listWebhooks getCollections listSnippets getOptouts listEmails getEmail listComponents
        listFolders""",
    "live-ingestr": "listSegments listCampaigns listBroadcasts listMessages listSenders",
    "live-sdk": "listExports getPeopleEmail",
}
"""The operations that were seen live, by the tag of the observation."""
OFFICIAL = ("customerio-node", "customerio for Python")
"""Customer.io's own libraries, by the beginning of their names in `CALLS`."""

_TAG = re.compile(r"\[([a-z][a-z0-9-]*(?: [a-z]+)*)\]")


def calls() -> dict[str, list[str]]:
    """The operations that each client of others calls, by the client's name and version."""
    found: dict[str, list[str]] = json.loads(CALLS.read_text("utf-8"))
    return found


def behaviours() -> list[dict[str, str]]:
    """The rows of `BEHAVIOURS`: behaviour, tag and proof (`FILE::TEST`, `knob NAME` or `unverified`)."""
    with BEHAVIOURS.open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows, delimiter="\t"))


def tags(operation: str) -> list[str]:
    """The fact tags of an operation: its live observations, and those of the code that answers it."""
    live = [tag for tag, names in LIVE.items() if operation in names.split()]
    return sorted({*live, *_TAG.findall(_code(operation))})


def source(row: Operation) -> str:
    """The strongest source of the sandbox's answer: live, SDK, document, other connector or inferred."""
    known = tags(row.id)
    official = {name for client, made in calls().items() if client.startswith(OFFICIAL) for name in made}
    if any(tag.startswith("live-") for tag in known):
        return "live"
    if row.id in official:
        return "SDK"
    if row.has_page:
        return "document"
    return "other connector" if known else "inferred"


def unverified() -> Iterator[tuple[str, str]]:
    """Module or knob, and sentence, of everything that the sandbox assumes and no source confirms."""
    for knob in Knobs.all():
        if "unverified" in knob.basis:
            yield f"knob {knob.name}", knob.meaning
    for assumption in assumptions():
        yield assumption.module, assumption.says


def fidelity_page() -> str:
    """FIDELITY.md."""
    answered = [row for row in OPERATIONS if row.id in HANDLERS]
    lines = [*_HEAD, *_counts(answered), *_OPERATIONS, *map(_line, answered), *_BEHAVIOURS]
    lines += [f"| {row['behaviour']} | {row['tag']} | {_shown(row['proof'])} |" for row in behaviours()]
    lines += ["", "## Unverified", "", *(f"- `{module}`: {told}" for module, told in unverified())]
    return "\n".join(lines) + "\n"


_HEAD = (
    "# How true the sandbox is",
    "",
    "Written by `make docs`; do not edit. [FACTS.md](../FACTS.md) says what each tag is. Nothing here was",
    "measured by this project.",
    "",
)
_OPERATIONS = (
    "",
    "## Operations",
    "",
    "The source is the strongest one: an answer that was seen live, a call of Customer.io's own library, a",
    "page of its documentation, another connector, or none. The tags are those of live observations and of",
    "the code that answers. The clients make the call in a test and get on with the answer.",
    "",
    "| operation | source | tags | clients of others |",
    "|---|---|---|---|",
)
_BEHAVIOURS = (
    "",
    "## Behaviours",
    "",
    "| behaviour | tag | shown by |",
    "|---|---|---|",
)


def _counts(answered: list[Operation]) -> Iterator[str]:
    sources = Counter(map(source, answered))
    proofs = Counter(_kind(row["proof"]) for row in behaviours())
    told = ", ".join(f"{count} {name}" for name, count in sources.most_common())
    yield f"Of the {len(answered)} operations that the sandbox answers, the strongest source is: {told}."
    yield f"Of {proofs.total()} behaviours that are more than a field, {proofs['test']} are shown by a test"
    yield f"and {proofs['knob']} set by a knob; {proofs['unverified']} are not known. The sandbox"
    yield f"assumes {len(list(unverified()))} things that no source confirms, listed at the end."


def _line(row: Operation) -> str:
    made = ", ".join(client for client, names in calls().items() if row.id in names)
    return f"| `{row.id}` | {source(row)} | {', '.join(tags(row.id))} | {made} |"


def _kind(proof: str) -> str:
    return "unverified" if proof == "unverified" else "knob" if proof.startswith("knob ") else "test"


def _shown(proof: str) -> str:
    if proof.startswith("knob "):
        return f"knob `{proof.removeprefix('knob ')}`"
    return proof if proof == "unverified" else f"`{proof.partition('::')[2]}`"


def _code(operation: str) -> str:
    """The code of the function that answers an operation."""
    handler: Any = HANDLERS.get(operation)
    while isinstance(handler, partial):
        handler = handler.func
    return inspect.getsource(inspect.unwrap(handler)) if handler is not None else ""
