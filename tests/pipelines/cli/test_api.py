"""`cio-elt api`: what is find_operations, explained, shown and made, and what a user reads who is wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import orjson
import pytest
from click.testing import CliRunner

from pipelines.api import (
    describe_operation,
    example_command,
    find_operation,
    find_operations,
    parameters,
    read_body,
    schema_document,
)
from pipelines.cli.api import api
from sources.customerio.catalogue import OPERATIONS, Operation
from sources.customerio.client.bodies import check_body
from sources.customerio.sandbox import Fault, Sandbox, Served

PERSON = {"email": "ann@example.com", "plan": "pro"}


class Terminal:
    """`cio-elt api` with a sandbox's settings in its environment, run in this process."""

    def __init__(self, sandbox: Sandbox, served: Served, data: Path) -> None:
        self.sandbox = sandbox
        self.env: dict[str, str | None] = {
            "CUSTOMERIO_APP_URL": served.app_url,
            "CUSTOMERIO_TRACK_URL": served.track_url,
            "CUSTOMERIO_APP_API_KEY": sandbox.app_api_key,
            "CUSTOMERIO_TRACK_SITE_ID": sandbox.track_site_id,
            "CUSTOMERIO_TRACK_API_KEY": sandbox.track_api_key,
            "CIO_ELT_DATA": str(data),
            "CIO_ELT_LIMITS": str(data / "limits"),
            "CIO_ELT_SPEED": "inf",
        }

    def run(self, *arguments: str, stdin: str | None = None) -> "click.testing.Result":
        """Run it to its end; nothing that it prints has a key in it."""
        ran = CliRunner().invoke(api, arguments, input=stdin, env=self.env)
        for secret in (self.sandbox.app_api_key, self.sandbox.track_site_id, self.sandbox.track_api_key):
            assert secret not in ran.output
        return ran

    @property
    def requests(self) -> int:
        """The number of requests that the sandbox has received."""
        return sum(self.sandbox.stats.by_operation.values())


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A terminal for the tests of this module that make no request."""
    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as served:
        yield Terminal(sandbox, served, tmp_path_factory.mktemp("data"))


@pytest.fixture
def terminal(sandbox: Sandbox, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal whose settings name a served sandbox."""
    with sandbox.serve() as served:
        yield Terminal(sandbox, served, tmp_path / "data")


def test_the_list_has_every_operation(still: Terminal) -> None:
    """`list --json` is one document with the 182 stable ones, and no request is made for it."""
    ran = still.run("list", "--json")

    operations = json.loads(ran.stdout)["operations"]
    assert (0, 182) == (ran.exit_code, len(operations))
    assert [describe_operation(row) for row in OPERATIONS if row.stability == "stable"] == operations
    assert 0 == still.requests


def test_doubtful_operations_are_listed_on_request(still: Terminal) -> None:
    """`list --all` has the others too and marks them; `schema` says that they may not exist."""
    listed = still.run("list", "--all").stdout.splitlines()
    doubtful = [line.split()[0] for line in listed if line.endswith("(doubtful)")]

    assert [row.id for row in OPERATIONS if row.stability == "doubtful"] == doubtful
    assert (215, 33) == (len(listed), len(doubtful))
    assert "may not exist" in still.run("schema", "publishEmail").stdout
    assert "may not exist" not in still.run("schema", "getEmail").stdout


def test_a_doubtful_operation_is_called_all_the_same(terminal: Terminal) -> None:
    """The call is made; the sandbox answers 501 and names the operation."""
    ran = terminal.run("call", "getEmailPublishStatus", "--param", "email_id=1")

    assert 1 == ran.exit_code
    assert "501" in ran.stderr and "getEmailPublishStatus" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (
            ("--api", "track", "--effect", "destroy"),
            ["delete", "delete_device", "suppress", "merge"],
        ),
        (("SEGMENT", "delete"), ["deleteManSegment"]),
        (("list_camp",), ["listCampaigns", "listCampaignActions"]),
        (("no such thing",), []),
    ],
)
def test_the_list_is_narrowed_by_api_effect_and_text(
    still: Terminal, arguments: tuple[str, ...], names: list[str]
) -> None:
    """Each option leaves out what is not asked for; every word has to be in a name or a path."""
    ran = still.run("list", *arguments)

    assert 0 == ran.exit_code
    assert names == [line.split()[0] for line in ran.stdout.splitlines()]


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.id)
def test_every_operation_is_explained_with_an_example_that_works(row: Operation) -> None:
    """The example has the required parameters, a valid body, and --yes where it is needed."""
    document = schema_document(row)
    needed = {item["name"] for item in document["parameters"] if item["required"]}
    words = document["example"].split()

    pairs = [after for word, after in pairwise(words) if word == "--param"]
    assert needed == set(parameters(pairs))
    assert ("--yes" in words) == (row.effect in ("send", "destroy"))
    assert (document["body"] is not None) == ("--body" in words) == (row.body != "none")
    if document["body"]:
        check_body(row, orjson.dumps(document["body"]["example"]))


def test_an_operation_is_explained_in_words(still: Terminal) -> None:
    """`schema` shows the call, its parameters, its body, a command and the client's method."""
    ran = still.run("schema", "add_to_segment")

    assert 0 == ran.exit_code
    for words in (
        "POST /api/v1/segments/{segment_id}/add_customers  (track, write)",
        "--param segment_id=...  integer in the path, required",
        '"maxItems": 1000',
        "cio-elt api call add_to_segment --param segment_id=1 --body @body.json",
        "client.track.add_to_segment(...)",
    ):
        assert words in ran.stdout
    assert "no schema for it" in still.run("schema", "createSnippet").stdout
    assert 0 == still.requests


def test_a_read_runs_at_once(terminal: Terminal) -> None:
    """The output is the document that Customer.io returned."""
    ran = terminal.run("call", "listCampaigns", "--json")

    truth = sorted(row["id"] for row in terminal.sandbox.rows("campaigns"))
    assert 0 == ran.exit_code
    assert truth == sorted(row["id"] for row in json.loads(ran.stdout)["campaigns"])
    assert json.loads(ran.stdout) == json.loads(terminal.run("call", "list_campaigns").stdout)


def test_all_pages_of_a_list_come_as_lines(terminal: Terminal) -> None:
    """With pages of 10, every delivery is a line, once."""
    ran = terminal.run("call", "listMessages", "--all-pages", "--param", "limit=10")

    found = [json.loads(line)["id"] for line in ran.stdout.splitlines()]
    truth = {row["id"] for row in terminal.sandbox.rows("messages")}
    assert 0 == ran.exit_code
    assert len(found) == len(set(found)) > 10
    assert set(found) <= truth
    assert terminal.requests > len(found) // 10


def test_a_write_is_shown_before_it_is_made(terminal: Terminal) -> None:
    """`--dry-run` prints exactly what would be sent, and sends nothing."""
    asked = ("call", "identify", "--param", "identifier=a/b+c@d=e", "--body", json.dumps(PERSON))

    shown = terminal.run(*asked, "--dry-run", "--json")

    root = terminal.env["CUSTOMERIO_TRACK_URL"]
    url = f"{root}/api/v1/customers/a%2Fb%2Bc%40d%3De"
    expected: dict[str, Any] = {"sent": False, "operation": "identify", "effect": "write", "method": "PUT"}
    assert (0, 0) == (shown.exit_code, terminal.requests)
    assert expected | {"url": url, "body": PERSON} == json.loads(shown.stdout)
    in_words = terminal.run(*asked, "--dry-run").stdout
    assert in_words.startswith(f"PUT {url}\nContent-Type: application/json\n\n{{")
    assert 0 == terminal.requests


def test_what_is_made_is_there_until_it_is_destroyed(terminal: Terminal) -> None:
    """A write is sent at once, a destroy with its yes; each is one request."""
    made = terminal.run("call", "createManSegment", "--body", '{"segment": {"name": "Ann"}}', "--json")
    made_id = json.loads(made.stdout)["segment"]["id"]
    assert made_id in {row["id"] for row in terminal.sandbox.rows("segments")}

    gone = terminal.run("call", "deleteManSegment", "--param", f"segment_id={made_id}", "--yes")

    assert (0, 0, 2) == (made.exit_code, gone.exit_code, terminal.requests)
    assert "Done" in gone.stderr
    assert made_id not in {row["id"] for row in terminal.sandbox.rows("segments")}


def test_a_body_comes_from_a_file_or_from_stdin(still: Terminal, tmp_path: Path) -> None:
    """`@FILE` and `-` name the same document."""
    file = tmp_path / "segment.json"
    file.write_text('{"segment": {"name": "Ann\'s"}}')
    asked = ("call", "createManSegment", "--dry-run", "--json", "--body")

    by_file = still.run(*asked, f"@{file}")
    by_stdin = still.run(*asked, "-", stdin=file.read_text())

    assert (0, 0) == (by_file.exit_code, by_stdin.exit_code)
    assert by_file.stdout == by_stdin.stdout
    assert {"segment": {"name": "Ann's"}} == json.loads(by_file.stdout)["body"]


def test_what_cannot_be_taken_back_needs_a_yes(terminal: Terminal) -> None:
    """Without `--yes` it is shown, ends with 3, and nothing is sent; with it, one request is."""
    filters = {"filters": {"attribute": {"field": "id", "operator": "exists"}}}
    asked = ("call", "exportPeopleData", "--body", json.dumps(filters))

    ran = terminal.run(*asked)

    assert (3, 0) == (ran.exit_code, terminal.requests)
    assert f"POST {terminal.env['CUSTOMERIO_APP_URL']}/v1/exports/customers" in ran.stdout
    assert '"field": "id"' in ran.stdout
    assert "--yes" in ran.stderr
    assert {"sent": False, "body": filters}.items() <= json.loads(
        terminal.run(*asked, "--json").stdout
    ).items()
    assert 0 == terminal.run(*asked, "--yes", "--dry-run").exit_code
    assert 0 == terminal.requests
    assert 0 == terminal.run(*asked, "--yes").exit_code
    assert 1 == terminal.requests


def test_what_may_have_happened_is_not_sent_twice(terminal: Terminal) -> None:
    """A connection that breaks during the creation of an export: one request, and a message about it."""
    terminal.sandbox.faults.add(Fault(operation="exportPeopleData", drop_connection=True, times=None))

    ran = terminal.run("call", "exportPeopleData", "--body", '{"filters": {"segment": {"id": 1}}}', "--yes")

    assert (1, 1) == (ran.exit_code, terminal.sandbox.stats.by_operation["exportPeopleData"])
    assert "may have taken effect all the same, so it was not repeated" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("call", "listCampain"), ("'listCampain'", "Did you mean listCampaigns", "api list")),
        (("schema", "zzz"), ("no operation 'zzz'", "api list")),
        (("call", "getExport"), ("needs the parameter export_id",)),
        (("call", "getExport", "--param", "export_id=x"), ("export_id", "of type integer")),
        (("call", "getExport", "--param", "exprt_id=1"), ("Did you mean export_id?",)),
        (("call", "getExport", "--param", "export_id"), ("NAME=VALUE", "'export_id'")),
        (("call", "getExport", "--param", "export_id=1", "--param", "export_id=2"), ("given twice",)),
        (("call", "getExport", "--param", "export_id=1", "--all-pages"), ("does not return a list",)),
        (("call", "delete", "--param", "identifier=..", "--yes"), ("would name another path",)),
        (("call", "listCampaigns", "--body", "{}"), ("takes no body",)),
        (("call", "createManSegment"), ("needs a body",)),
        (("call", "createManSegment", "--body", "{"), ("not JSON", "line 1")),
        (("call", "createManSegment", "--body", "@missing.json"), ("@missing.json cannot be read",)),
        (("call", "createManSegment", "--body", '{"segment": {}}'), ("at /segment/name", "is missing")),
    ],
)
def test_wrong_use_ends_with_2_and_a_sentence(
    still: Terminal, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """Wrong use is refused before any request, with a message that names the correction."""
    ran = still.run(*arguments, "--json")

    assert (2, 0) == (ran.exit_code, still.requests)
    assert ran.stderr == f"cio-elt: {json.loads(ran.stdout)['error']['message']}\n"
    for word in words:
        assert word in ran.stderr


def test_what_customer_io_refuses_ends_with_1_and_its_place(terminal: Terminal) -> None:
    """A 404 and a 422 have a message with the cause, and neither is sent twice."""
    terminal.sandbox.faults.add(Fault(operation="createManSegment", status=422, detail="name is taken"))

    gone = terminal.run("call", "getExport", "--param", "export_id=999999")
    refused = terminal.run("call", "createManSegment", "--body", '{"segment": {"name": "A"}}')

    assert (1, 1) == (gone.exit_code, refused.exit_code)
    assert "`getExport` found nothing (404)" in gone.stderr
    assert "(422)" in refused.stderr and "name is taken" in refused.stderr
    assert 2 == terminal.requests


@pytest.mark.parametrize(
    "asked",
    [
        ["call", "listActivities", "--all-pages", "--param", "limit=10"],
        ["schema", "exportPeopleData"],
    ],
)
def test_a_reader_who_has_enough_ends_the_command(terminal: Terminal, asked: list[str]) -> None:
    """`| head` ends it without a word, with the code that shells give any program whose reader left."""
    script = "from pipelines.cli.api import api; api()"
    env = {"PATH": os.environ["PATH"], **{name: str(value) for name, value in terminal.env.items()}}
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-c", script, *asked],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        cwd=Path(__file__).parents[3],
    )
    os.close(writing)

    assert (141, "") == (ran.returncode, ran.stderr)


def test_names_and_examples_are_found_without_a_terminal() -> None:
    """The module under the command takes the same names."""
    assert find_operation("import_") is find_operation("import")
    reads = [row.id for row in find_operations(api="track", effect="read")]
    assert reads == ["getRegion", "checkCredentials"]
    assert "cio-elt api call getRegion" == example_command(find_operation("getRegion"))
    assert read_body(None) is None
