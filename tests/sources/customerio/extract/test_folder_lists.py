"""Lists in folders: whole, from the watermark on where they are long, and folder by folder if need be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import Client
from sources.customerio.extract.rows import Row
from sources.customerio.sandbox import Fault, Sandbox
from tests.sources.customerio.extract.conftest import Project, ReadTable, ids

TABLES = (
    *("design_studio_folders", "design_studio_emails", "design_studio_components"),
    *("asset_folders", "assets"),
)
DAY, NOW = 86_400, 1_800_000_000


@dataclass
class Folders:
    """Stands for `GET /v1/design_studio/folders`: `page` rows at most, `updated_after` is exclusive.

    `asked` has the `updated_after` of each request; `then` is called after each answer with its number.
    """

    rows: list[Row]
    page: int = 3
    asked: list[int | None] = field(default_factory=list)
    then: Callable[[int], None] = lambda _: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        given = request.url.params
        after = int(given["updated_after"]) if "updated_after" in given else None
        found = [row for row in self.rows if after is None or row["updated"] > after]
        first = (int(given.get("page", 1)) - 1) * self.page
        told = {"page": 1 + first // self.page, "limit": self.page, "total": len(found)}
        body = {"folders": found[first : first + self.page], "meta": {"pagination": told}}
        answer = httpx.Response(200, content=orjson.dumps(body))
        self.asked.append(after)
        self.then(len(self.asked))
        return answer


def folder(number: int, updated: int = NOW - 100, parent: str | None = "f1") -> Row:
    """A folder as the API shows it."""
    return {"id": f"f{number}", "parent_folder_id": parent, "created": NOW - 200, "updated": updated}


@pytest.mark.proof
def test_every_table_equals_the_workspace_and_follows_it(project: Project) -> None:
    """Created, edited, moved and deleted rows arrive; then an unchanged workspace writes nothing."""
    project.run(*TABLES)
    project.assert_equal(*TABLES)
    assert project.client is not None
    app, emails = project.client.app, list(project.sandbox.rows("design_studio_emails"))
    unlinked = [row for row in emails if not row["is_linked"]]
    folders = list(project.sandbox.rows("design_studio_folders"))
    project.sandbox.clock.advance(60)
    app.update_design_studio_email(email_id=emails[0]["id"], body={"name": "Renamed"})
    moved = {"parent_folder_id": folders[-1]["id"]}
    app.update_design_studio_email(email_id=emails[1]["id"], body=moved)
    app.delete_design_studio_email(email_id=unlinked[-1]["id"])
    app.create_design_studio_folder(body={"name": "New"})
    app.delete_asset(asset_id=next(iter(project.sandbox.rows("assets")))["id"])

    project.run(*TABLES)

    project.assert_equal(*TABLES)
    gone = project.cells("SELECT id FROM design_studio_emails WHERE deleted_at IS NOT NULL")
    assert [(unlinked[-1]["id"],)] == gone
    loads = "SELECT count(DISTINCT _dlt_load_id), count(*) FROM "
    before = [project.cells(loads + table) for table in TABLES]
    project.sandbox.stats.clear()
    project.run(*TABLES)
    assert before == [project.cells(loads + table) for table in TABLES]
    assert [1] * len(TABLES) == [
        project.sandbox.stats.by_operation[resource(table).operation] for table in TABLES
    ], "a list of one page is one request"


@pytest.mark.parametrize("table", TABLES)
def test_a_root_that_lists_itself_alone_is_followed_into_its_folders(
    small: Sandbox, api: Client, read: ReadTable, table: str
) -> None:
    """If the list without a folder has the root's rows only, each folder is asked for its own."""
    small.knobs.root_lists_all = False

    found = read(api, table)

    assert ids(small.rows(table)) == sorted(set(ids(found.rows)))
    assert found.batches[-1].last


def test_a_folder_that_vanishes_while_they_are_walked_is_left_out(
    small: Sandbox, api: Client, read: ReadTable
) -> None:
    """A folder that was listed and is gone when its rows are asked for ends no reading."""
    small.knobs.root_lists_all = False
    small.faults.add(Fault(operation="listAssetFolders", then_delete=("asset_folders", "1")))

    found = read(api, "asset_folders")

    assert {"1", *ids(small.rows("asset_folders"))} == set(ids(found.rows))
    assert "1" not in ids(small.rows("asset_folders"))
    assert found.batches[-1].last


def test_a_long_list_is_read_from_its_watermark_and_whole_after_a_day(
    client_of: Callable[..., Client], read: ReadTable
) -> None:
    """The second reading begins at the watermark's own second; a deletion is found a day later."""
    folders, state = Folders([folder(number, NOW - 100 + number) for number in range(1, 8)]), dict[str, Any]()
    client, options = client_of(folders), {"overlap_s": 0}
    first = read(client, "design_studio_folders", state, clock=lambda: NOW, **options)
    assert first.batches[-1].last and 7 == len(set(ids(first.rows)))
    # In the second of the newest row, after it was read.
    folders.rows[0] = folder(1, NOW - 93)
    del folders.rows[1]
    folders.asked.clear()

    second = read(client, "design_studio_folders", state, clock=lambda: NOW + 60, **options)

    assert {NOW - 94} == set(folders.asked), "the bound is exclusive"
    assert ["f1", "f7"] == ids(second.rows)
    assert not any(batch.last for batch in second.batches), "a part of a list shows no deletion"
    folders.asked.clear()
    third = read(client, "design_studio_folders", state, clock=lambda: NOW + DAY, **options)
    assert {None} == set(folders.asked)
    assert third.batches[-1].last and 6 == len(set(ids(third.rows)))


def test_the_watermark_stays_behind_a_clock_that_is_ahead(
    client_of: Callable[..., Client], read: ReadTable
) -> None:
    """A row whose time lies in the future does not hide the rows until then."""
    state: dict[str, Any] = {}
    folders = Folders([folder(number, NOW + 500) for number in range(1, 6)])

    read(client_of(folders), "design_studio_folders", state, clock=lambda: NOW)

    assert NOW == state["watermark"]


def test_a_row_that_slips_between_two_pages_is_not_deleted(
    client_of: Callable[..., Client], read: ReadTable
) -> None:
    """A row of the first page is deleted before the second is asked for: the list is read again."""
    folders = Folders([folder(number) for number in range(1, 8)])
    folders.then = lambda answer: folders.rows.remove(folder(2)) if answer == 1 else None

    found = read(client_of(folders), "design_studio_folders", clock=lambda: NOW)

    assert [f"f{number}" for number in range(1, 8)] == sorted(set(ids(found.rows)))
    assert found.batches[-1].last and not found.summary.note
