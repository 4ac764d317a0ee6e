"""CONTRIBUTING.md's lists of files are complete: followed in a copy of the repository, each addition works.

Customer.io gets a new call in that copy, `GET /v1/labels`; the lists make it an operation of the sandbox, a
table of the warehouse and a mart.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
_LINE = re.compile(r"^\d+\. `([^`]+)`(\*?)", flags=re.MULTILINE)

Edit = Callable[[str], str]


def lists() -> dict[str, list[tuple[str, bool]]]:
    """The files of each list in order, and whether `make docs` writes the file."""
    sections = re.split(r"^### ", TEXT, flags=re.MULTILINE)[1:]
    return {
        section.partition("\n")[0]: [(file, bool(star)) for file, star in _LINE.findall(section)]
        for section in sections
    }


def _added(words: str, *, before: str) -> Edit:
    """The file with words inserted before the last occurrence of `before`."""

    def edit(text: str) -> str:
        head, found, tail = text.rpartition(before)
        assert found, f"the file has no {before!r}"
        return head + words + found + tail

    return edit


def _written(words: str) -> Edit:
    """The file with words added at its end; it may be new."""
    return lambda text: text + words


OPERATION = """\
    Operation(id="listLabels", method="GET", path="/v1/labels",
        records="labels", bucket="app", effect="read"),
"""
SCHEMA = """\
    "listLabels": _record(labels=_list(_record(id=_INT, name=_TEXT))),
"""
HANDLER = '''

@answers("listLabels")
def list_labels(context: RequestContext) -> dict[str, Any]:  # noqa: ARG001 -- every workspace has the same
    """Lists the labels."""
    return {"labels": [{"id": 1, "name": "spring"}, {"id": 2, "name": "autumn"}]}
'''
ROUTE_TEST = '''\
"""The account's calls."""

from sources.customerio.client import Client
from sources.customerio.sandbox import Sandbox


def test_labels() -> None:
    """The labels come with id and name."""
    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as served:
        client = Client(app_api_key=sandbox.app_api_key, app_url=served.app_url)
        labels = [row for page in client.pages("listLabels") for row in page.records]
        client.close()

    assert ["spring", "autumn"] == [row["name"] for row in labels]
'''
RESOURCE = """\
    Resource(
        table="labels",
        description="A label that messages carry.",
        operation="listLabels",
        key=("id",),
        family="config",
        columns={"id": "bigint", "name": "text"},
    ),
"""
TRUTH = """\
    "labels": lambda _: iter([{"id": 1, "name": "spring"}, {"id": 2, "name": "autumn"}]),
"""
STAGING_YML = """\
  - name: stg_labels
    description: A label that messages carry.
    columns:
      - {name: id, description: Id of the label.}
      - {name: name, description: Name of the label.}
      - {name: first_seen_at, description: Time of the sync that first saw the row.}
      - {name: deleted_at, description: Time of the sync that no longer found the row.}
      - {name: is_deleted, description: True if a complete sync no longer found the row.}
      - {name: loaded_by, description: Id of the dlt load that wrote this version of the row.}
"""
MART = """\
-- The labels that are in use, by name.
select id as label_id, name as label_name from {{ ref('stg_labels') }} where not is_deleted
"""
MART_YML = """\
  - name: label_names
    description: The labels that are in use.
    columns:
      - {name: label_id, description: The label., data_tests: [unique, not_null]}
      - {name: label_name, description: Its name.}
"""
MART_TEST = '''

def test_labels(marts: Warehouse) -> None:
    """The labels of the workspace, by name."""
    found = marts.query("SELECT label_name FROM customerio.label_names ORDER BY 1")
    assert [("autumn",), ("spring",)] == found
'''

EDITS: dict[str, dict[str, Edit]] = {
    "An operation, answered by the sandbox": {
        "sources/customerio/catalogue/app_workspace.py": _added(OPERATION, before=")\n"),
        "tests/sources/customerio/catalogue/operations.tsv": _written("app\tlistLabels\tGET\t/v1/labels\t\n"),
        "sources/customerio/sandbox/wire/routes/account.py": _written(HANDLER),
        "tests/sources/customerio/sandbox/wire/routes/test_account.py": _written(ROUTE_TEST),
        "tests/sources/customerio/sandbox/contract/newer.py": _added(SCHEMA, before="}\n"),
    },
    "A table": {
        "sources/customerio/catalogue/tables_workspace.py": _added(RESOURCE, before=")\n"),
        "sources/customerio/sandbox/state/truth/tables.py": _added(
            TRUTH, before="    **metric_rows.TABLES,\n"
        ),
        "warehouse/models/staging/staging.yml": _written(STAGING_YML),
    },
    "A mart": {
        "warehouse/models/marts/label_names.sql": _written(MART),
        "warehouse/models/marts/marts.yml": _written(MART_YML),
        "tests/warehouse/test_marts.py": _written(MART_TEST),
        "warehouse/README.md": _added("| `label_names` | a label |\n", before="| `segment_history` |"),
    },
}
"""The edits that add labels, by list and file."""


def _run(folder: Path, *command: str) -> str:
    """Run a command with the copy's code; returns its output."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert 0 == ran.returncode, f"{shlex.join(command)}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def _docs(folder: Path) -> None:
    """Run the modules of `make docs`, in one process."""
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\ndocs:")[2].partition("\n\n")[0]
    modules = re.findall(r"python -m ([\w.]+)", recipe)
    run = "import runpy, sys; [runpy.run_module(name, run_name='__main__') for name in sys.argv[1:]]"
    _run(folder, sys.executable, "-c", run, *modules)


def _contents(folder: Path) -> dict[str, bytes]:
    files = _run(folder, "git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    return {file: (folder / file).read_bytes() for file in files}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository's files, in a repository of its own."""
    folder = tmp_path_factory.mktemp("copy") / "repository"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for file in listed.stdout.splitlines():
        if (ROOT / file).exists():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, folder / file)
    _run(folder, "git", "init", "-q")
    return folder


def _follow(folder: Path, title: str) -> None:
    """Edit the files of a list, and assert that no other file changed."""
    named = lists()[title]
    before = _contents(folder)
    for file, edit in EDITS[title].items():
        path = folder / file
        path.write_text(edit(path.read_text("utf-8") if path.exists() else ""), "utf-8")
    _docs(folder)
    after = _contents(folder)

    assert list(EDITS[title]) == [file for file, generated in named if not generated]
    changed = {file for file in after if after[file] != before.get(file)}
    assert changed == {file for file, _ in named}, "the list of CONTRIBUTING.md is not what changed"


@pytest.mark.proof
def test_an_operation_a_table_and_a_mart_are_added(copied: Path) -> None:
    """The sandbox answers the operation, a sync lands the table, and dbt builds the mart."""
    for title in EDITS:
        _follow(copied, title)

    folder = "tests/sources/customerio"
    files = ("sandbox/wire/routes/test_account.py", "sandbox/contract", "catalogue/test_resources.py")
    tests = [*(f"{folder}/{file}" for file in files), "tests/warehouse/test_marts.py"]
    chosen = ("-m", "proof or not proof", "-k", "(labels or schema) and not demo")
    shown = _run(copied, sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *chosen, *tests)

    for test in tests:
        assert re.search(rf"^{test}\S*labels\S* PASSED", shown, flags=re.MULTILINE | re.IGNORECASE), test


@pytest.mark.parametrize("title", lists())
def test_a_list_names_files_that_exist(title: str) -> None:
    """Each file of a list exists; a new file's folder exists."""
    made = {file for edits in EDITS.values() for file in edits}
    for file, _ in lists()[title]:
        new = file in made or "stg_labels" in file or re.search(r"NOUN|NAME", file)
        path = ROOT / file
        folder = ROOT / re.split(r"/[^/]*(?:NOUN|NAME)", file)[0] if new else path
        assert folder.exists() or (new and path.parent.exists()), f"there is no {file}"


def test_every_command_exists() -> None:
    """Each `make` target that the page names is one, and each file that it names in prose exists."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))

    assert set(re.findall(r"`make ([a-z]+)`", TEXT)) <= targets
    assert set(re.findall(r"`(tests/test_\w+\.py)`", TEXT)) <= {
        f"tests/{file.name}" for file in (ROOT / "tests").glob("test_*.py")
    }
