"""`cio-elt search`: queries from an option, a file and stdin; documents, tables, and bad input."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.cli.search import search
from tests.pipelines.search.table import TABLE, in_order, published, rows

ROWS = rows(seed=2, count=40)
ALIVE = in_order([row for row in ROWS if row["deleted_at"] is None], [])
QUERY = json.dumps({"query": {"filter": {"eq": {"campaign_id": 1}}}, "fields": ["id"]})
IDS = [{"id": row["id"]} for row in ALIVE if row["campaign_id"] == 1]


@pytest.fixture(autouse=True)
def _warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A published table, named by the environment; the signal handler of a command is removed afterwards."""
    published(tmp_path, ROWS)
    monkeypatch.setenv("CIO_ELT_DATA", str(tmp_path))
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def ran(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(search, [TABLE, *arguments], input=stdin)


def test_a_query_comes_from_the_line_a_file_or_stdin(tmp_path: Path) -> None:
    """The three ways to give a query give one answer, as one JSON document."""
    (tmp_path / "query.json").write_text(QUERY)

    for text in (QUERY, f"@{tmp_path / 'query.json'}", "-"):
        result = ran("--query", text, "--json", stdin=QUERY)
        assert (0, IDS) == (result.exit_code, json.loads(result.stdout)["data"]), result.output


def test_options_win_over_the_query() -> None:
    """--limit, --fields, --cursor and --deleted override the document."""
    first = json.loads(ran("--query", QUERY, "--limit", "2", "--json").stdout)
    cursor = first["meta"]["cursor"]
    rest = json.loads(ran("--query", QUERY, "--cursor", cursor, "--json").stdout)
    fields = json.loads(ran("--fields", "id,data.a", "--deleted", "--json").stdout)

    assert IDS == first["data"] + rest["data"]
    assert (len(ROWS), ["id", "data"]) == (len(fields["data"]), list(fields["data"][0]))


def test_people_see_a_table_and_the_cursor() -> None:
    """Without --json, a record is a line, in any width, and the cursor is on stderr."""
    result = ran("--limit", "3")
    lines = result.stdout.splitlines()

    assert (0, 4) == (result.exit_code, len(lines)), result.output
    assert ["campaign_id", "id"] == lines[0].split()[:2]
    assert all(len(line) <= 160 for line in lines)
    assert "3 records in" in result.stderr
    assert "--cursor" in result.stderr


def test_nothing_found_is_said() -> None:
    """Without records there is no table and no error, and the document is empty."""
    query = json.dumps({"query": {"filter": {"eq": {"id": "none"}}}})

    assert ("", 0) == ((result := ran("--query", query)).stdout, result.exit_code)
    assert "Nothing matches" in result.stderr
    assert [] == json.loads(ran("--query", query, "--json").stdout)["data"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--query", "{"), "is not JSON"),
        (("--query", "query.json"), "write @ before"),
        (("--query", "@none.json"), "none.json cannot be read"),
        (("--query", "[]"), "must be an object"),
        (("--limit", "0"), "1 to 100,000"),
        (("--fields", ""), "has no field ''"),
        (("--fields", "nam"), "Did you mean name"),
        (("--query", "[" * 100_000), "is not JSON"),
    ],
)
def test_bad_input_ends_with_a_sentence(arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2, one paragraph on stderr, and with --json one document."""
    result = ran(*arguments, "--json")

    assert (2, 1) == (result.exit_code, result.stderr.count("\n")), result.output
    assert words in result.stderr
    assert result.stderr == f"cio-elt: {json.loads(result.stdout)['error']['message']}\n"
