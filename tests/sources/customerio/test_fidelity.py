"""FIDELITY.md: its sources, behaviours and unverified statements."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from sources.customerio import fidelity
from sources.customerio.catalogue import OPERATIONS, operation
from sources.customerio.sandbox.faults.knobs import Knobs

FACTS = Path(fidelity.__file__).parent / "FACTS.md"


@pytest.mark.parametrize("row", fidelity.behaviours(), ids=lambda row: str(row["behaviour"]))
def test_a_behaviour_has_its_proof(row: dict[str, str]) -> None:
    """The named test exists in its file, the named knob among the knobs; else it says `unverified`."""
    proof = row["proof"]
    if proof.startswith("knob "):
        assert proof.removeprefix("knob ") in {knob.name for knob in fields(Knobs)}
    elif proof != "unverified":
        file, _, name = proof.partition("::")
        assert f"def {name}(" in (fidelity.TESTS / file).read_text("utf-8")


def test_every_source_has_a_tag_of_the_facts() -> None:
    """Tags of behaviours and of live observations are rows of FACTS.md; `inferred` has no source."""
    known = set(re.findall(r"^\| `([^`]+)` \|", FACTS.read_text("utf-8"), re.MULTILINE)) | {"inferred"}

    assert {row["tag"] for row in fidelity.behaviours()} | set(fidelity.LIVE) <= known


def test_what_was_seen_live_is_an_operation() -> None:
    """The rows of LIVE and of the clients name operations of the catalogue."""
    named = {name for names in fidelity.LIVE.values() for name in names.split()}
    named |= {name for names in fidelity.calls().values() for name in names}

    assert named <= {row.id for row in OPERATIONS}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("listMessages", "live"),
        ("createAsset", "SDK"),
        ("getPersonOptouts", "document"),
        ("checkCredentials", "other connector"),
    ],
)
def test_the_strongest_source_is_named(name: str, source: str) -> None:
    """A live answer beats a library's call, a library's call a document, a document another connector."""
    assert fidelity.source(operation(name)) == source


def test_what_is_not_known_is_listed() -> None:
    """Knobs without a source are listed by name, and sentences of the code by module."""
    found = dict(fidelity.unverified())

    assert "seconds of the clock until an export's file is there" == found["knob export_takes_s"]
    assert any(module.startswith("wire/") for module in found)
