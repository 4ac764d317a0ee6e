"""Models that cannot be run are refused before any row is sent."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.errors import ModelFailed
from pipelines.push.journal.database import SCHEMA
from pipelines.push.plan.query import planning_database, run_model
from tests.pipelines.push.conftest import Pushing

_MODELS = [
    pytest.param(
        "SELECT 1 AS user_id FROM nowhere", "Table with name nowhere does not exist", id="unknown table"
    ),
    pytest.param("SELEC 1", 'syntax error at or near "SELEC"', id="no SQL"),
    pytest.param("SELECT 1 AS user_id; DROP TABLE x", "a model is one SELECT", id="two statements"),
    pytest.param("DELETE FROM customerio_raw.people", "a model is one SELECT", id="no SELECT"),
    pytest.param(
        "SELECT 1 AS other", "the model has no column 'user_id'; it has other", id="column that is not there"
    ),
    pytest.param(
        "SELECT 1 AS user_id, 'x' AS plan, 2 AS more", "columns that are named nowhere: more", id="beyond"
    ),
    pytest.param(
        "SELECT 1 AS user_id, [1] AS plan", "the column plan is INTEGER[]", id="type that does not fit"
    ),
    pytest.param(
        "SELECT CAST(v AS INTEGER) AS user_id, '' AS plan FROM (SELECT 'secret@x.y' AS v)",
        "a value of v that DuckDB cannot read",
        id="hidden value",
    ),
    pytest.param(
        "SELECT 'a' AS user_id, strptime('secret@x.y', '%Y')::VARCHAR AS plan",
        "cannot read",
        id="hidden time",
    ),
    pytest.param(
        "SELECT 'a' AS user_id, json_extract('secret', '$.a')::VARCHAR AS plan",
        "cannot read",
        id="hidden JSON",
    ),
]


_PERSON: dict[str, Any] = {"object": "person", "mode": "upsert", "person": {"id": "user_id"}}


@pytest.mark.parametrize(("sql", "said"), _MODELS)
def test_models_that_cannot_be_run(shared: Pushing, sql: str, said: str) -> None:
    """The message names the error without personal data, and nothing is sent."""
    spec = shared.declare("wrong", sql, **_PERSON, fields={"plan": "text"})
    before = shared.requests()
    with pytest.raises(ModelFailed, match="wrong: ") as caught:
        shared.push(spec)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
    assert before == shared.requests()
    assert [] == shared.query(f"SELECT run_id FROM {SCHEMA}.runs WHERE sync = 'wrong'")


@pytest.mark.parametrize(
    "end",
    ["-- a comment", "; -- é; ü", ";\n/* one */ -- two\n", ";;", "/* ; */ ;", "WHERE 'é;' <> ';'; -- ';'"],
)
def test_a_model_may_end_in_a_comment(shared: Pushing, end: str) -> None:
    """Semicolons and comments at the end of a model are no part of its SELECT."""
    spec = shared.declare(
        "ends", f"SELECT 'a' AS u {end}", object="person", mode="upsert", person={"id": "u"}
    )
    assert 1 == shared.plan(spec).sends


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("1 // 0", "the model divides by zero"),
        ("1 % 0", "the model divides by zero"),
        ("9223372036854775807::BIGINT + 1::BIGINT", "computes a number that its type cannot hold"),
        ("'x'::UHUGEINT", "a value that DuckDB cannot read as the requested type"),
    ],
)
def test_a_model_that_cannot_be_computed_says_why(shared: Pushing, value: str, words: str) -> None:
    """A division by zero and an overflow are named, and no value is repeated."""
    spec = shared.declare(
        "fails", f"SELECT 'a' AS u, {value} AS n", object="person", mode="upsert", person={"id": "u"}
    )
    with pytest.raises(ModelFailed, match=words) as caught:
        shared.plan(spec)
    assert "9223" not in str(caught.value)


@pytest.mark.parametrize(
    "read",
    ["read_csv('{}')", "read_text('{}')", "'{}'", "glob('{}')", "read_text('/etc/hostname')"],
)
def test_a_model_reads_no_file_beside_the_warehouse(shared: Pushing, tmp_path: Path, read: str) -> None:
    """A file that was not declared is not opened; the message says how to allow it."""
    (tmp_path / "rows.csv").write_text("user_id\nu1\n")
    spec = shared.declare(
        "outside", f"SELECT 'x' AS user_id FROM {read.format(tmp_path / 'rows.csv')}", **_PERSON
    )

    with pytest.raises(ModelFailed, match="external: true"):
        shared.plan(spec)


def test_a_declaration_may_allow_files(shared: Pushing, tmp_path: Path) -> None:
    """With `external: true` the model reads a file, and its rows are planned."""
    (tmp_path / "rows.csv").write_text("user_id\nu1\nu2\n")
    sql = f"SELECT user_id FROM read_csv('{tmp_path / 'rows.csv'}')"
    spec = shared.declare("allowed", sql, **_PERSON)
    model = spec.model.model_copy(update={"external": True})

    assert 2 == shared.plan(spec.model_copy(update={"model": model})).sends


def test_a_model_changes_no_setting(shared: Pushing) -> None:
    """The limits of the database are locked once the model can run."""
    with planning_database(shared.settings) as database:
        run_model(database, shared.declare("locked", "SELECT 'x' AS user_id", **_PERSON), shared.folder)
        with pytest.raises(duckdb.InvalidInputException, match="locked"):
            database.execute("SET enable_external_access = true")
