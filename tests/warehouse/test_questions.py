"""The questions of analysts have the demo's answers, and can be asked of any workspace."""

from itertools import groupby

import duckdb
import pytest

from pipelines.warehouse.queries import frames
from tests.conftest import Warehouse
from tests.warehouse.questions import PAGE, Question, index, page, questions, table, written_answers

README = PAGE.with_name("README.md")
MOST_ROWS = 6


def test_the_page_has_every_question() -> None:
    """`make docs` writes the page; it was run after the last change of a question."""
    known = written_answers()
    assert PAGE.read_text("utf-8") == page(lambda query: known.get(query, "")), "run `make docs`"


def test_topics_stand_together() -> None:
    """No topic comes twice, and the page of the warehouse links to each."""
    topics = [topic for topic, _ in groupby(questions(), lambda question: question.topic)]

    assert len(topics) == len(set(topics))
    assert index(PAGE.name) in README.read_text("utf-8")


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.words)
def test_a_question_is_one_statement_that_reads(question: Question) -> None:
    """The file has a topic, a question, a note for the reader, and one SELECT."""
    [statement] = duckdb.extract_statements(question.query)

    assert duckdb.StatementType.SELECT == statement.type
    assert question.topic
    assert question.words.endswith("?")
    assert question.note


@pytest.mark.proof
def test_the_answers_are_the_demos(demonstrated: Warehouse) -> None:
    """In the demo's workspace, every statement has the answer on the page: one row at least, and few."""
    known = written_answers()
    with frames(demonstrated.settings) as ask:
        found = {question.query: ask(question.query) for question in questions()}
    rows = {query: len(answer) for query, answer in found.items() if not 1 <= len(answer) <= MOST_ROWS}

    assert {} == rows
    assert {query: table(answer) for query, answer in found.items()} == known, "run `make answers`"


@pytest.mark.proof
def test_the_questions_can_be_asked(marts: Warehouse) -> None:
    """Every statement works on any workspace."""
    with frames(marts.settings) as ask:
        for question in questions():
            assert list(ask(question.query).columns)
