"""Writes `warehouse/QUESTIONS.md` from the statements in `warehouse/questions`.

    python -m tests.warehouse.questions

keeps the answers of the statements that the page has already; with `--ask` it builds the demo's workspace and
marts, asks every statement, and writes all answers anew. A folder has the questions of one topic. A file is
one question: comments with its topic, the question and a note, then one SQL statement.
"""

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.reconcile import reconcile
from pipelines.transform import transform
from pipelines.warehouse.queries import frames
from sources.customerio.sandbox import Sandbox
from tests.conftest import Warehouse, following, share_parsed

FOLDER = Path(__file__).parents[2] / "warehouse" / "questions"
PAGE = FOLDER.parent / "QUESTIONS.md"
BLOCK = re.compile(r"```sql\n(?P<query>.*?)```\n\n(?P<answer>(?:\|[^\n]*\n)*)", re.DOTALL)

_HEAD = """\
# Questions

Written from the files in [questions](questions) by `make docs`; do not edit. Each statement runs on the
published file as it is: see [how to open it](README.md#how-to-open-it). The answers are those of `make demo`
on its first day, reconciled and transformed. A test asks every statement again, and `make answers` writes the
answers anew.
"""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question of analysts, with its SQL statement; `note` has traps and explanations in Markdown."""

    topic: str
    words: str
    note: str
    query: str


def questions() -> list[Question]:
    """The questions in the order of their folders and files."""
    return [_question(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*/*.sql"))]


def _question(text: str) -> Question:
    lines = text.splitlines(keepends=True)
    comments = list(takewhile(lambda line: line.startswith("-- "), lines))
    topic, words, *note = (line.removeprefix("-- ") for line in comments)
    return Question(
        topic=topic.removeprefix("topic: ").strip(),
        words=words.removeprefix("question: ").strip(),
        note="".join(note),
        query="".join(lines[len(comments) :]),
    )


def index(page: str = "") -> str:
    """The list of topics, as links to their places on the page."""
    topics = dict.fromkeys(question.topic for question in questions())
    return "".join(f"- [{topic}]({page}#{_anchor(topic)})\n" for topic in topics)


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def page(answer: Callable[[str], str]) -> str:
    """The page, with the answer to each statement below it: the lines of a table."""
    parts = [_HEAD, index()]
    numbered = enumerate(questions(), 1)
    for topic, group in groupby(numbered, lambda item: item[1].topic):
        parts.append(f"## {topic}\n")
        for number, question in group:
            block = f"```sql\n{question.query}```\n\n{answer(question.query)}"
            parts += [f"### {number}. {question.words}\n", block, question.note]
    return "\n".join(parts)


def written_answers() -> dict[str, str]:
    """The answers on the page as it is, by statement."""
    text = PAGE.read_text("utf-8") if PAGE.exists() else ""
    return {found["query"]: found["answer"] for found in BLOCK.finditer(text)}


@contextmanager
def demo(folder: Path, parsed: Warehouse | None = None) -> Iterator[Warehouse]:
    """The demo's workspace on its first day, synced, reconciled and transformed.

    `parsed` saves parsing the models.
    """
    with following(Sandbox(scale="demo"), folder) as warehouse:
        warehouse.sync()
        reconcile(warehouse.settings)
        if parsed is not None:
            share_parsed(parsed, folder / "dbt")
        transform(warehouse.settings)
        yield warehouse


def table(rows: pd.DataFrame) -> str:
    """The rows as a Markdown table, numbers to the right."""
    numeric = [
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) for kind in rows.dtypes
    ]
    lines = [
        list(rows.columns),
        ["--:" if right else "---" for right in numeric],
        *([_cell(value) for value in row] for row in rows.itertuples(index=False, name=None)),
    ]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(value: Any) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M}"
    if pd.api.types.is_bool(value):
        return str(value).lower()
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def asked_page() -> str:
    """The page with the answers of a demo's workspace that is built for them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as warehouse,
        frames(warehouse.settings) as ask,
    ):
        return page(lambda query: table(ask(query)))


def main() -> None:
    """Write the page."""
    known = written_answers()
    text = asked_page() if "--ask" in sys.argv else page(lambda query: known.get(query, ""))
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
