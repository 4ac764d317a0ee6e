"""Docstrings, comments and pages use the field's words in plain sentences."""

import re
from collections import Counter

import pytest

from tests.words import ROOT, Prose, per_thousand, prose

RIDDLES = frozenset({"whoever", "whatever", "whomever", "whichever", "whom", "somebody", "nobody"})
MOST_RIDDLES = 0.5
"""The most riddle words in 1,000 words."""
MOST_OPENINGS = 0.1
"""The most docstrings in 1,000 words that open with a clause instead of a noun or a verb."""

_OPENING = re.compile(r"(What|Whether|Who|Whose|Whom|Where|Whoever|Whatever)\b(?!.*\?$)")

MEANINGS = {
    "bring home": re.compile(r"\b(bring|brings|brought|bringing) (\w+ ){0,2}home\b"),
    "mend": re.compile(r"\bmend(s|ed|ing)?\b"),
    "a brake grips": re.compile(r"\bgrip(s|ped|ping)?\b"),
    "knows nobody": re.compile(r"\bknows nobody\b"),
    "go on with (a run is resumed)": re.compile(r"\b(gone|goes|go|going) on with\b"),
    "let go of (a lease is released)": re.compile(r"\b(lets?|letting) go of\b"),
    "furniture (records)": re.compile(r"\bfurnitures?\b"),
    "patience (a retry policy)": re.compile(r"\bpatience\b"),
    "lane (a transport)": re.compile(r"\blanes?\b"),
}
"""Words with a term of the field, which is in ARCHITECTURE.md or in brackets here."""


def _worst(found: Counter[str]) -> str:
    return "\n".join(f"{count:5}  {file}" for file, count in found.most_common(25))


def test_riddle_words_are_rare() -> None:
    """`whoever` and the like stand in fewer than one sentence of a hundred."""
    pieces = prose()
    found = Counter({piece.file: 0 for piece in pieces})
    for piece in pieces:
        found[piece.file] += sum(word in RIDDLES for word in piece.words)

    rate = per_thousand(found.total(), pieces)
    assert rate < MOST_RIDDLES, f"{found.total()} riddle words, {rate:.2f} in 1,000 words:\n{_worst(+found)}"


def test_a_docstring_opens_with_a_noun_or_a_verb() -> None:
    """`What a push did` is `The result of a push`; `Whether it runs` is `Checks if it runs`."""
    pieces = prose()
    opening = [piece for piece in pieces if piece.kind == "docstring" and _OPENING.match(piece.first_line)]
    shown = "\n".join(f"  {piece.file}:{piece.line}: {piece.first_line}" for piece in opening[:15])

    rate = per_thousand(len(opening), pieces)
    worst = _worst(Counter(piece.file for piece in opening))
    assert rate < MOST_OPENINGS, f"{len(opening)} openings, {rate:.2f} in 1,000 words:\n{worst}\n{shown}"


@pytest.mark.parametrize("words", MEANINGS)
def test_the_fields_term_is_used(words: str) -> None:
    """Words that have a term of the field do not occur."""
    found = [(piece, match[0]) for piece in prose() if (match := _found(piece, MEANINGS[words]))]
    places = "\n".join(f"  {piece.file}:{piece.line}: {text}" for piece, text in found)

    assert not found, f"{len(found)} places:\n{places}"


def _found(piece: Prose, words: re.Pattern[str]) -> re.Match[str] | None:
    own = ("tests/test_words.py", "CHANGELOG.md")
    return None if piece.file in own else words.search(piece.plain)


def test_a_report_is_a_page() -> None:
    """No parameter that takes a `RunSummary` is called `report`, but the source's, which users name."""
    named = re.compile(r"\breports?: (?:\"?RunSummary|\"?ResourceSummary)")
    found = [
        f"{file}: {count}"
        for file, count in Counter(
            str(path.relative_to(ROOT))
            for folder in ("sources", "pipelines", "flows")
            for path in (ROOT / folder).rglob("*.py")
            if path != ROOT / "sources" / "customerio" / "source.py"
            for _ in named.finditer(path.read_text("utf-8"))
        ).most_common()
    ]

    assert [] == found
