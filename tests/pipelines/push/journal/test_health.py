"""A push is degraded if many rows fail, or none is sent though its model changes; a change is told once."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.push import changes_to_tell, read_status
from pipelines.push.journal.database import Journal, PushId
from pipelines.push.journal.health import RunHealth, record_health
from pipelines.push.spec.spec import Alerts
from pipelines.settings import Settings, read_settings
from tests.pipelines.push.conftest import LOOSE, Pushing, user_rows

_ID = PushId("w", "users")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with an empty data folder."""
    return read_settings(cio_elt_data=tmp_path)


def _told(settings: Settings, *runs: RunHealth) -> list[tuple[bool, str]]:
    """The changes that are told after each of these runs."""
    told = []
    for run in runs:
        record_health(Journal(settings.cio_elt_data), _ID, Alerts(), run)
        told += [(change.degraded, change.reason) for change in changes_to_tell(settings)]
    return told


def _run(sent: int, failed: int, differing: str = "") -> RunHealth:
    return RunHealth(sent=sent, accepted=sent - failed, failed=failed, differing=differing)


def test_a_share_above_the_limit_is_told_once(settings: Settings) -> None:
    """Rows that fail in run after run are told once, and their recovery once."""
    runs = [_run(100, 5), _run(100, 6), _run(100, 50), _run(100, 0), _run(100, 0)]
    (degraded, reason), recovered = _told(settings, *runs)
    assert degraded
    assert "6 of 100 rows were rejected or dropped, 6.0 %, and 5.0 % may be" == reason
    assert (False, "") == recovered


@pytest.mark.parametrize(
    ("differing", "told"),
    [
        pytest.param("abc", 1, id="the model changes in each run"),
        pytest.param("aaa", 0, id="the same rows stay invalid"),
        pytest.param(["a", "", "c"], 0, id="a run had nothing to send"),
    ],
)
def test_silence_while_the_model_changes_is_told(
    settings: Settings, differing: Sequence[str], told: int
) -> None:
    """Three runs that accept no row are told if the rows that differ were others each time."""
    found = _told(settings, *(_run(0, 0, each) for each in differing))
    assert told == len(found)
    assert all("no row was accepted in 3 runs" in reason for _, reason in found)


@pytest.mark.proof
def test_a_push_that_a_brake_stops_again_and_again_is_degraded(pushing: Pushing) -> None:
    """A push whose model changes and whose brakes stop it shows so in its status, until a run sends rows."""
    for count in (1, 2, 3):
        assert [] == changes_to_tell(pushing.settings)
        pushing.push(pushing.users(user_rows(count), brakes={**LOOSE, "min_rows": 9}))
    (change,) = changes_to_tell(pushing.settings)
    assert change.message.startswith("The push users is degraded: no row was accepted in 3 runs")
    pushing.push(pushing.users(user_rows(9), brakes={**LOOSE, "min_rows": 9}))
    (status,) = read_status(pushing.settings)
    assert "" == status.degraded
    assert ["The push users has recovered."] == [each.message for each in changes_to_tell(pushing.settings)]
