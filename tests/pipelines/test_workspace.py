"""A data folder belongs to one workspace: keys of another one are refused, and nothing is read or written."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import duckdb
import pytest
from pydantic import SecretStr

from pipelines.errors import WrongWorkspace
from pipelines.ingest.sync import sync
from pipelines.settings import Settings
from pipelines.workspace import (
    WorkspaceRecord,
    check_empty,
    check_workspace,
    described,
    identify,
    read_record,
    write_record,
)
from sources.customerio.client import Unauthorized, Unreachable
from sources.customerio.sandbox import DEFAULT_START, Account, Clock, Fault, Sandbox, Served
from tests.conftest import TRIALS, Warehouse, settings_for, track_keys

_SEEDS = (1, 2)


def _account() -> Account:
    clock = Clock(DEFAULT_START)
    return Account([Sandbox(scale="tiny", seed=seed, clock=clock) for seed in _SEEDS])


def _settings(account: Account, served: Served, data: Path) -> Settings:
    return settings_for(account.workspaces[0], served, data, **track_keys(account.workspaces[0]))


@pytest.fixture
def account() -> Account:
    """Two workspaces, which have the same small ids."""
    return _account()


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the segments and campaigns of the first workspace."""
    account, data = _account(), tmp_path_factory.mktemp("synced") / "data"
    with account.serve() as served:
        sync(_settings(account, served, data), ["segments", "campaigns"])
    return data


@pytest.fixture
def settings(account: Account, synced: Path, tmp_path: Path) -> Iterator[Settings]:
    """A warehouse with the segments and campaigns of the first workspace."""
    with account.serve() as served:
        yield _settings(account, served, Path(copytree(synced, tmp_path / "data")))


def _app(sandbox: Sandbox) -> dict[str, SecretStr]:
    return {"customerio_app_api_key": SecretStr(sandbox.app_api_key)}


def _contents(settings: Settings) -> dict[str, bytes]:
    """The bytes of the data folder's files, by path."""
    data = settings.cio_elt_data
    return {str(file.relative_to(data)): file.read_bytes() for file in data.rglob("*") if file.is_file()}


def test_a_key_of_another_workspace_of_the_account_changes_nothing(
    account: Account, settings: Settings
) -> None:
    """The staging workspace has the same small ids; the times of creation differ, and no byte changes."""
    before = _contents(settings)

    with pytest.raises(WrongWorkspace, match=r"was created at .* CIO_ELT_DATA"):
        sync(settings.model_copy(update=_app(account.workspaces[1])), ["people"])

    assert before == _contents(settings)
    with duckdb.connect(settings.published_file, read_only=True) as connection:
        (deleted,) = connection.execute(
            "SELECT count(*) FROM customerio_raw.segments WHERE deleted_at IS NOT NULL"
        ).fetchone() or (None,)
    assert 0 == deleted


def test_a_folder_whose_tables_do_not_tell_the_workspace_has_its_contents_in_the_record(
    account: Account, tmp_path: Path
) -> None:
    """A first sync of other tables notes segments and campaigns; the staging workspace's key is refused."""
    with account.serve() as served:
        settings = _settings(account, served, tmp_path / "data")
        sync(settings, ["ip_addresses"])
        before = _contents(settings)

        with pytest.raises(WrongWorkspace, match=r"was created at .* CIO_ELT_DATA"):
            sync(settings.model_copy(update=_app(account.workspaces[1])), ["ip_addresses"])

        assert before == _contents(settings)
        for table in ("segments", "campaigns"):
            for row in list(account.workspaces[0].rows(table))[1:]:
                account.workspaces[0].delete(table, row["id"])
        assert check_workspace(settings).known
        contents = read_record(settings).contents
        assert contents is not None
        assert [("segments", 1)] == [(table, len(rows)) for table, rows in contents.items()]


def test_a_workspace_without_a_known_row_is_another_one(account: Account, settings: Settings) -> None:
    """A workspace in which nothing of the warehouse exists is refused, and the counts are named."""
    for table in ("segments", "campaigns"):
        for row in list(account.workspaces[1].rows(table)):
            account.workspaces[1].delete(table, row["id"])

    with pytest.raises(WrongWorkspace, match=r"[0-9]+ segments and [0-9]+ campaigns.*has none of them"):
        check_workspace(settings.model_copy(update=_app(account.workspaces[1])))


def test_a_rotated_app_key_is_of_the_same_workspace(account: Account, settings: Settings) -> None:
    """Another key of the same workspace is accepted, and the earlier one is refused by Customer.io."""
    account.workspaces[0].rotate_keys("app")

    with pytest.raises(Unauthorized):
        check_workspace(settings)
    assert check_workspace(settings.model_copy(update=_app(account.workspaces[0]))).known


def test_the_recorded_workspace_must_be_that_of_the_track_keys(account: Account, settings: Settings) -> None:
    """Track keys of another workspace than the recorded one are refused, and both ids are named."""
    first, second = (sandbox.workspace_id for sandbox in account.workspaces)
    write_record(settings, WorkspaceRecord(id=first, name="Production"))

    assert identify(settings).proven
    with pytest.raises(WrongWorkspace, match=rf"{first} \(.*workspace {second}"):
        identify(settings.model_copy(update=track_keys(account.workspaces[1])))


def test_track_keys_of_another_account_are_refused(settings: Settings) -> None:
    """A workspace that the App API key's account does not have cannot be the one of that key."""
    other = Sandbox(scale="tiny", seed=77)
    with other.serve() as served:
        changed = {**track_keys(other), "customerio_track_url": served.track_url}
        with pytest.raises(WrongWorkspace, match=f"keys are of workspace {other.workspace_id}"):
            identify(settings.model_copy(update=changed))


@pytest.mark.proof
def test_proven_keys_need_no_answer_of_the_track_api(account: Account, settings: Settings) -> None:
    """While the Track API does not answer, proven keys count as proven, and new ones are refused."""
    first = account.workspaces[0].workspace_id
    write_record(settings, WorkspaceRecord(id=first))
    assert identify(settings).proven
    away = settings.model_copy(update={"customerio_track_url": "http://127.0.0.1:9"})

    assert (first, True) == (identify(away).id, identify(away).proven)
    account.workspaces[0].rotate_keys("track")
    with pytest.raises(Unreachable):
        identify(away.model_copy(update=track_keys(account.workspaces[0])))


@pytest.mark.proof
def test_an_error_beside_an_empty_list_is_no_other_workspace(warehouse: Warehouse) -> None:
    """A server's error says nothing of whose the key is: the tables fail by name, nothing is refused."""
    warehouse.sync("segments", "campaigns")
    for called, key in (("listSegments", "segments"), ("listCampaigns", "campaigns")):
        document = {"meta": {"error": "database is away"}, key: None}
        warehouse.sandbox.faults.add(Fault(operation=called, document=document, times=None))

    failed = warehouse.sync("segments", "campaigns").failed

    assert ["campaigns", "segments"] == sorted(tally.resource for tally in failed)
    assert all("an error and no row of" in str(tally.error) for tally in failed)


@pytest.mark.proof
@pytest.mark.parametrize("damaged", ['{"id": ', '{"id": "x"}', '{"contents": [1]}', "7"])
def test_a_damaged_record_counts_as_none(settings: Settings, damaged: str) -> None:
    """A file that is no record is read as an empty one, so that the contents decide."""
    (settings.cio_elt_data / "workspace.json").write_text(damaged)
    assert WorkspaceRecord() == read_record(settings)
    assert check_workspace(settings).known


@pytest.mark.proof
def test_a_folder_without_its_record_has_that_of_the_warehouse(tmp_path: Path) -> None:
    """Each run notes the workspace in `sync_runs`: a folder that lost its file knows it, and names it."""
    own = Sandbox(scale="tiny")
    recorded = WorkspaceRecord(id=own.workspace_id, name="Production")
    with own.serve() as served:
        settings = settings_for(own, served, tmp_path / "data")
        write_record(settings, recorded)
        sync(settings, ["segments"])
    (settings.cio_elt_data / "workspace.json").unlink()

    assert recorded == read_record(settings)
    assert f"{own.workspace_id} (Production)" in described(recorded)


def test_a_new_workspace_never_goes_into_a_warehouse(settings: Settings, tmp_path: Path) -> None:
    """The folder of a warehouse is refused for a new workspace, and no byte changes; an empty one is free."""
    before = _contents(settings)

    with pytest.raises(WrongWorkspace, match="Name another folder"):
        check_empty(settings)

    assert before == _contents(settings)
    check_empty(settings.model_copy(update={"cio_elt_data": tmp_path / "other"}))


@pytest.mark.proof
def test_foreign_keys_change_no_byte(tmp_path: Path) -> None:
    """Keys of workspaces of other seeds are refused one after the other, and the folder stays as it was."""
    own = Sandbox(scale="tiny", seed=1)
    with own.serve() as served:
        settings = settings_for(own, served, tmp_path / "data")
        sync(settings, ["segments", "campaigns", "newsletters"])
    before = _contents(settings)
    for seed in range(2, 2 + TRIALS):
        foreign = Sandbox(scale="tiny", seed=seed)
        with foreign.serve() as served:
            changed = {**_app(foreign), "customerio_app_url": served.app_url}
            with pytest.raises(WrongWorkspace):
                sync(settings.model_copy(update=changed))
    assert before == _contents(settings)
