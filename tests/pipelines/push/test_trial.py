"""Keys that were never proven to be of one workspace send a few rows, which are read back before the rest."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import Literal

import pytest
from pydantic import SecretStr

from pipelines.errors import WrongWorkspace
from pipelines.push.journal.database import SCHEMA
from pipelines.push.trial import ROWS
from pipelines.workspace import WorkspaceRecord, read_record, write_record
from sources.customerio.sandbox import DEFAULT_START, Account, Clock, Sandbox
from tests.conftest import TRIALS, Warehouse, settings_for, track_keys
from tests.pipelines.push.conftest import Pushing, settings_for_pushes, user_rows

_COUNT = 100
_SEED = 16
_APIS: tuple[Literal["app", "track"], ...] = ("app", "track")


def _pushing(account: Account, app_url: str, track_url: str, home: Path) -> Pushing:
    """Pushes with the App key of the first workspace and the Track keys of the last one."""
    app, track = account.workspaces[0], account.workspaces[-1]
    (home / "push").mkdir()
    served = {"customerio_app_url": app_url, "customerio_track_url": track_url}
    keys = {
        "customerio_app_api_key": SecretStr(app.app_api_key),
        **track_keys(track),
    }
    with app.serve() as own:
        settings = settings_for(app, own, home / "data").model_copy(update={**served, **keys})
    return Pushing(Warehouse(app, own, settings), home / "push", settings)


@pytest.mark.proof
def test_keys_of_two_workspaces_send_a_few_rows_and_stop(tmp_path: Path) -> None:
    """The rows of the trial are the only ones that are written, and no later run sends anything."""
    clock = Clock(DEFAULT_START)
    account = Account([Sandbox(scale="tiny", seed=seed, clock=clock) for seed in (1, 2)])
    with account.serve() as served:
        pushing = _pushing(account, served.app_url, served.track_url, tmp_path)
        spec = pushing.users(user_rows(_COUNT))
        with pytest.raises(WrongWorkspace, match="may be of two workspaces"):
            pushing.push(spec)
        with pytest.raises(WrongWorkspace, match="may be of two workspaces"):
            pushing.push(spec)

        assert ROWS == len(account.workspaces[1].writes())
        assert [] == account.workspaces[0].writes()

        right = account.workspaces[0]
        pushing.settings = pushing.settings.model_copy(update=track_keys(right))
        result = pushing.push(spec)

        assert result.complete, result.document
        assert _COUNT == sum(user.startswith("u0") for user in pushing.people())
        assert right.workspace_id == read_record(pushing.settings).id


@pytest.mark.proof
def test_a_pair_is_proven_once(pushing: Pushing) -> None:
    """The first run sends a trial before the rest, the following ones send everything at once."""
    assert pushing.push(pushing.users(user_rows(_COUNT))).complete
    first = pushing.requests()
    assert pushing.sandbox.workspace_id == read_record(pushing.settings).id
    assert pushing.push(pushing.users(user_rows(_COUNT, plan="y"))).complete
    assert (2, 1) == (first, pushing.requests() - first)


@pytest.mark.proof
def test_rotated_track_keys_resume_the_same_journal(pushing: Pushing) -> None:
    """After a rotation only changes are sent, status has each push once, and a mirror still removes."""
    spec = pushing.users(user_rows(_COUNT))
    assert pushing.push(spec).complete
    pushing.sandbox.rotate_keys("track")
    pushing.settings = settings_for_pushes(pushing.warehouse)
    assert 0 == pushing.plan(spec).sends
    changed = pushing.push(pushing.users([*user_rows(_COUNT - 1), {"user_id": "u9999", "plan": "x"}]))
    assert changed.run is not None
    assert 1 == changed.run.delivery.accepted
    assert [(1,)] == pushing.query(f"SELECT count(DISTINCT workspace) FROM {SCHEMA}.runs")


@pytest.mark.proof
def test_rotations_lose_no_row_and_send_none_twice(pushing: Pushing) -> None:
    """Keys of either API or of both change before each run; each change of a row is sent once."""
    random = Random(_SEED)  # noqa: S311 a seeded draw
    wanted = {f"u{number:04}": 0 for number in range(40)}
    expected = Counter(dict.fromkeys(wanted, 1))

    for trial in range(TRIALS):
        for api in random.sample(_APIS, k=random.randrange(3)):
            pushing.sandbox.rotate_keys(api)
        app = {"customerio_app_api_key": SecretStr(pushing.sandbox.app_api_key)}
        pushing.settings = settings_for_pushes(pushing.warehouse).model_copy(update=app)
        for user in random.sample(sorted(wanted), k=random.randrange(4) if trial else 0):
            wanted[user] = trial
            expected[user] += 1
        rows = [{"user_id": user, "plan": f"p{plan}"} for user, plan in wanted.items()]
        result = pushing.push(pushing.users(rows))
        assert result.complete, (_SEED, trial, result.document)

    sent = Counter(write["op"]["identifiers"]["id"] for write in pushing.sandbox.writes())
    assert expected == sent
    assert {user: f"p{plan}" for user, plan in wanted.items()} == {
        user: pushing.people()[user]["plan"] for user in wanted
    }
    assert [(1,)] == pushing.query(f"SELECT count(DISTINCT workspace) FROM {SCHEMA}.runs")


@pytest.mark.proof
def test_wrong_pairs_write_a_trial_at_most(tmp_path: Path) -> None:
    """A folder that knows its workspace sends nothing to another one; a new one sends the trial, and once."""
    random, clock = Random(_SEED), Clock(DEFAULT_START)  # noqa: S311 a seeded draw
    account = Account([Sandbox(scale="tiny", seed=seed, clock=clock) for seed in range(1, 6)])
    with account.serve() as served:
        for trial in range(TRIALS):
            app, track = random.sample(account.workspaces, k=2)
            home = tmp_path / str(trial)
            home.mkdir()
            pair = Account([app, track])
            pushing = _pushing(pair, served.app_url, served.track_url, home)
            if known := random.random() < 0.5:
                write_record(pushing.settings, WorkspaceRecord(id=app.workspace_id))
            before = {each.workspace_id: len(each.writes()) for each in account.workspaces}
            spec = pushing.users(user_rows(30, plan=f"p{trial}"))
            for _ in range(2):
                with pytest.raises(WrongWorkspace):
                    pushing.push(spec)

            grown = {each.workspace_id: len(each.writes()) for each in account.workspaces}
            if not known:
                before[track.workspace_id] += ROWS
            assert before == grown, (_SEED, trial)


@pytest.mark.proof
def test_a_journal_of_earlier_keys_is_taken_over(pushing: Pushing) -> None:
    """A journal without ids of workspaces, and keys that were rotated since: the same journal goes on."""
    spec = pushing.users(user_rows(_COUNT))
    assert pushing.push(spec).complete
    pushing.query(f"DELETE FROM {SCHEMA}.workspaces")
    pushing.sandbox.rotate_keys("track")
    pushing.settings = settings_for_pushes(pushing.warehouse)
    assert 0 == pushing.plan(spec).sends
    assert [(pushing.sandbox.workspace_id,)] == pushing.query(
        f"SELECT environment_id FROM {SCHEMA}.workspaces"
    )
