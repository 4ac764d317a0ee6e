"""The assumptions of the sandbox: what its code says to be unverified, read from its comments and texts."""

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_WORD = "unverified"
# Tables, lists and empty lines end a paragraph; the full stop ends a sentence.
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*(?:- |\|))")
_SENTENCE = re.compile(r"(?<=\.)\s+")
_NO_COMMENT = ("noqa", "type:", "fmt:")


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """One sentence of the sandbox's code about behaviour that no source confirms; the module is a path."""

    module: str
    says: str


def assumptions() -> list[Assumption]:
    """Every sentence of the code with the word, in the order of modules; knobs say so themselves."""
    found = []
    for path in sorted(_ROOT.rglob("*.py")):
        module = str(path.relative_to(_ROOT))
        if not module.startswith("faults/"):
            found += [Assumption(module=module, says=says) for says in _sentences(path.read_text("utf-8"))]
    return found


def _sentences(code: str) -> Iterator[str]:
    for text in _texts(code):
        for paragraph in _PARAGRAPH.split(text):
            for sentence in _SENTENCE.split(" ".join(paragraph.split())):
                if _WORD in sentence:
                    yield sentence


def _texts(code: str) -> Iterator[str]:
    """The strings of a module, and its comments, those on lines of their own joined to one text."""
    comment: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("# ")
            comment += [] if text.startswith(_NO_COMMENT) else [text]
            continue
        if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            continue
        if comment:
            yield " ".join(comment)
            comment = []
        if token.type == tokenize.STRING:
            yield token.string.strip("rbf\"'")
