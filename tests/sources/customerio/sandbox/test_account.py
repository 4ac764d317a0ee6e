"""An account: workspaces behind one address, told apart by their keys."""

from collections.abc import Iterator

import httpx
import pytest

from sources.customerio.sandbox import DEFAULT_START, Account, Clock, Sandbox, Served
from tests.sources.customerio.sandbox.conftest import SMALL


@pytest.fixture(scope="module")
def account() -> Account:
    """Two small workspaces that no test changes."""
    return _account()


@pytest.fixture(scope="module")
def served(account: Account) -> Iterator[Served]:
    """The account's URLs."""
    with account.serve() as served:
        yield served


def _account(*, strict_limits: bool = False) -> Account:
    clock = Clock(DEFAULT_START)
    return Account(
        [Sandbox(scale=SMALL, seed=seed, clock=clock, strict_limits=strict_limits) for seed in (1, 2)]
    )


def _get(served: Served, key: str, path: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{served.app_url}{path}", headers=headers, trust_env=False)


def test_a_key_reads_its_workspace(account: Account, served: Served) -> None:
    """Campaign 1 is in each workspace, made at another time; a key of neither is 401."""
    made = set()
    for sandbox in account.workspaces:
        found = _get(served, sandbox.app_api_key, "/v1/campaigns").json()["campaigns"]
        assert found == list(sandbox.rows("campaigns"))
        made.add(next(row["created"] for row in found if row["id"] == 1))
    assert len(made) == 2
    assert _get(served, "0" * 32, "/v1/campaigns").status_code == 401


def test_each_key_lists_all_workspaces(account: Account, served: Served) -> None:
    """The list is the same for each key: the served workspaces, then those without a key here."""
    lists = [
        _get(served, one.app_api_key, "/v1/workspaces").json()["workspaces"] for one in account.workspaces
    ]

    assert lists[0] == lists[1] == list(account.workspaces[1].rows("workspaces"))
    assert [row["id"] for row in lists[0][:2]] == [one.workspace_id for one in account.workspaces]
    people = [len(list(one.rows("people"))) for one in account.workspaces]
    assert [row["people"] for row in lists[0][:2]] == people
    assert len({row["id"] for row in lists[0]}) == len({row["name"] for row in lists[0]}) == 4


def test_track_keys_write_into_their_workspace() -> None:
    """A person that the second workspace's keys identify is in the second workspace alone."""
    account = _account()
    first, second = account.workspaces
    with account.serve() as served:
        keys = (second.track_site_id, second.track_api_key)
        root = f"{served.track_url}/api/v1"
        region = httpx.get(f"{root}/accounts/region", auth=keys, trust_env=False).json()
        answer = httpx.put(f"{root}/customers/ann", auth=keys, json={"plan": "pro"}, trust_env=False)
        wrong = httpx.get(
            f"{root}/accounts/region", auth=(first.track_site_id, second.track_api_key), trust_env=False
        )

    assert region["environment_id"] == second.workspace_id
    assert answer.status_code == 200
    assert wrong.status_code == 401
    has_ann = [any(row["id"] == "ann" for row in one.rows("people")) for one in account.workspaces]
    assert has_ann == [False, True]


def test_ids_that_are_unique_everywhere(account: Account) -> None:
    """No delivery and no activity of one workspace has an id of the other."""
    first, second = account.workspaces
    for table in ("messages", "activities"):
        ids = [{row["id"] for row in one.rows(table)} for one in (first, second)]
        assert ids[0]
        assert not ids[0] & ids[1]


def test_limits_are_a_workspaces_own() -> None:
    """Ten requests with one key use up its second; the other key's are still answered."""
    account = _account(strict_limits=True)
    first, second = account.workspaces
    first.faults.clear()
    with account.serve() as served, httpx.Client(base_url=served.app_url, trust_env=False) as client:
        bearer = {"Authorization": f"Bearer {first.app_api_key}"}
        statuses = [client.get("/v1/segments", headers=bearer).status_code for _ in range(40)]
        bearer = {"Authorization": f"Bearer {second.app_api_key}"}
        other = client.get("/v1/segments", headers=bearer).status_code

    assert (statuses[:10], other) == ([200] * 10, 200)
    assert (first.stats.total, second.stats.total) == (40, 1)


def test_a_download_link_leads_to_its_workspaces_file(account: Account, served: Served) -> None:
    """Both have an export of the same id; the link, which takes no key, has the workspace's id."""
    files, ids = set(), set()
    for sandbox in account.workspaces:
        exports = _get(served, sandbox.app_api_key, "/v1/exports").json()["exports"]
        export_id = next(row["id"] for row in exports if row["status"] == "done")
        url = _get(served, sandbox.app_api_key, f"/v1/exports/{export_id}/download").json()["url"]
        assert f"/export-{sandbox.workspace_id}-{export_id}.csv" in url
        ids.add(export_id)
        files.add(httpx.get(url, trust_env=False).raise_for_status().text)
    assert (len(files), len(ids)) == (2, 1)


def test_control_routes_name_a_workspace() -> None:
    """Under its id a workspace has its own control routes; a reset is the whole account's."""
    account = _account()
    first, second = account.workspaces
    with account.serve() as served:
        root = f"{served.control_url}/_sandbox"
        own = f"{root}/workspaces/{second.workspace_id}"
        made = httpx.post(
            f"{own}/add", json={"kind": "segments", "fields": {"name": "Mine"}}, trust_env=False
        )
        assert made.status_code == 200
        names = [[row["name"] for row in one.rows("segments")] for one in (first, second)]
        httpx.post(f"{root}/clock", json={"advance_s": 60}, trust_env=False)
        httpx.post(f"{root}/reset", trust_env=False)

    assert ("Mine" in names[0], "Mine" in names[1]) == (False, True)
    assert "Mine" not in [row["name"] for row in second.rows("segments")]
    assert second.clock.now() == DEFAULT_START


def test_workspaces_that_are_no_account() -> None:
    """The same seed twice, a clock for each, two regions and no workspace are refused."""
    clock = Clock(DEFAULT_START)
    one = Sandbox(scale=SMALL, seed=1, clock=clock)
    with pytest.raises(ValueError, match="same seed"):
        Account([one, one])
    with pytest.raises(ValueError, match="one clock"):
        Account([one, Sandbox(scale=SMALL, seed=2)])
    with pytest.raises(ValueError, match="one region"):
        Account([one, Sandbox(scale=SMALL, seed=2, clock=clock, region="eu")])
    with pytest.raises(ValueError, match="at least one"):
        Account([])
