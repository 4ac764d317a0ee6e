"""Rate limits: no window holds more than it may, over threads and processes; a wait ends or is refused."""

import itertools
import math
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from sources.customerio.catalogue import OPERATIONS, Bucket
from sources.customerio.client import QUOTAS, Client, ConfigError, Quota, RateLimited, RateLimits
from sources.customerio.client.limits import workspace_of
from sources.customerio.client.sqlite_bucket import FILE

FAST: dict[Bucket, Quota] = {
    "app": Quota(requests=10, window_s=0.1, margin_s=0.01, spacing_s=0.002, source="a short test")
}
TABLE = f"app_{workspace_of('key')}"


def _slots(folder: Path) -> list[int]:
    """The recorded slots of the workspace, in milliseconds."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        rows = connection.execute(f"SELECT item_timestamp FROM '{TABLE}' ORDER BY 1").fetchall()
    return [at for (at,) in rows]


def _assert_kept(times: Sequence[float], requests: int, window: float) -> None:
    spans = [late - early for early, late in zip(times, times[requests:], strict=False)]
    assert min(spans) >= window, spans


def _take(folder: Path, count: int) -> None:
    """Take slots and send at once, from one thread."""
    limits = RateLimits(folder, quotas=FAST)
    for _ in range(count):
        limits.take("app", workspace_of("key"), within_s=30).sent()
    limits.close()


def test_every_bucket_of_the_catalogue_has_a_quota() -> None:
    """No operation is without a limit, and no limit without an operation."""
    assert set(QUOTAS) == {row.bucket for row in OPERATIONS}


@pytest.mark.parametrize("quota", QUOTAS.values(), ids=QUOTAS.keys())
def test_a_quota_keeps_at_least_97_percent(quota: Quota) -> None:
    """The longer window of the limiter costs less than 3 percent of Customer.io's limit."""
    assert quota.per_second >= 0.97 * quota.requests / quota.window_s
    assert quota.margin_s > 0


def test_threads_keep_the_limit_together(tmp_path: Path) -> None:
    """Twelve threads share one window: no 11 slots are closer than it is long."""
    limits = RateLimits(tmp_path, quotas=FAST)

    def take(_: int) -> None:
        limits.take("app", workspace_of("key"), within_s=30).sent()

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(take, range(40)))
    limits.close()
    slots = _slots(tmp_path)
    assert len(slots) == 40
    _assert_kept(slots, 10, 110)


def test_processes_keep_the_limit_together(tmp_path: Path) -> None:
    """Two processes share one window through the file."""
    program = f"""
from pathlib import Path
from sources.customerio.client import Quota, RateLimits
limits = RateLimits(Path({str(tmp_path)!r}), quotas={FAST!r})
for _ in range(20):
    limits.take("app", {workspace_of("key")!r}, within_s=30).sent()
"""
    command = [sys.executable, "-c", program]
    others = [subprocess.Popen(command) for _ in range(2)]
    assert [other.wait() for other in others] == [0, 0]
    slots = _slots(tmp_path)
    assert len(slots) == 40
    _assert_kept(slots, 10, 110)


def test_a_slot_counts_from_when_its_request_leaves(tmp_path: Path) -> None:
    """A request that is held up before it leaves moves its slot, so the next window begins later."""
    limits = RateLimits(tmp_path, quotas=FAST)
    slot = limits.take("app", workspace_of("key"), within_s=1)
    (taken,) = _slots(tmp_path)
    time.sleep(0.02)
    slot.sent()
    (moved,) = _slots(tmp_path)
    limits.close()
    assert moved - taken >= 20


def test_requests_are_spaced(tmp_path: Path) -> None:
    """A burst does not leave as one clump."""
    _take(tmp_path, 10)
    assert all(late - early >= 2 for early, late in itertools.pairwise(_slots(tmp_path)))


def test_workspaces_and_buckets_do_not_share(tmp_path: Path) -> None:
    """Another key and another bucket have windows of their own, and no key is in the file."""
    limits = RateLimits(tmp_path)
    slots = [
        limits.take(bucket, workspace_of(key), within_s=0)
        for bucket in QUOTAS
        for key in ("secret-key", "other-key")
    ]
    limits.close()
    assert max(slot.waited_s for slot in slots) < 1
    assert all(b"-key" not in path.read_bytes() for path in tmp_path.iterdir())


def test_limits_in_memory_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder nothing is written anywhere."""
    monkeypatch.chdir(tmp_path)
    limits = RateLimits(None, quotas=FAST)
    for _ in range(11):
        limits.take("app", "w", within_s=30)
    limits.close()
    assert list(tmp_path.iterdir()) == []


def test_a_used_up_bucket_says_when_it_is_free(tmp_path: Path) -> None:
    """A slot that cannot come in time is refused at once, with the seconds until there is one."""
    limits = RateLimits(tmp_path)
    limits.take("broadcast", "w", within_s=0)
    with pytest.raises(RateLimited, match="`broadcast` calls is used up") as caught:
        limits.take("broadcast", "w", within_s=5)
    limits.close()
    assert caught.value.retry_after_s is not None
    assert 9 < caught.value.retry_after_s <= 10.2


def test_a_hold_blocks_other_processes_for_its_time(tmp_path: Path) -> None:
    """A pause that Customer.io asks for holds in other processes too, and ends."""
    holding, waiting = RateLimits(tmp_path, quotas=FAST), RateLimits(tmp_path, quotas=FAST)
    holding.hold("app", "w", 0.15)
    with pytest.raises(RateLimited):
        waiting.take("app", "w", within_s=0.05)
    assert 0.1 < waiting.take("app", "w", within_s=5).waited_s < 2
    holding.close()
    waiting.close()


def test_a_429_holds_the_other_calls(tmp_path: Path) -> None:
    """One refused request makes all requests of the workspace wait as long as it says."""
    arrivals: list[float] = []

    def answer(_: httpx.Request) -> httpx.Response:
        arrivals.append(time.monotonic())
        refused = len(arrivals) == 1
        return httpx.Response(429, headers={"Retry-After": "0.2"}) if refused else httpx.Response(200)

    limits = RateLimits(tmp_path, quotas=FAST)
    with Client(app_api_key="key", limits=limits, transport=httpx.MockTransport(answer)) as client:
        client.call("listCampaigns")
    limits.close()
    assert 0.2 <= arrivals[1] - arrivals[0] < 5


def test_a_clock_that_was_set_back_does_no_harm(tmp_path: Path) -> None:
    """Slots of a future that no longer is one are forgotten."""
    _take(tmp_path, 10)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(f"UPDATE '{TABLE}' SET item_timestamp = item_timestamp + 7200000")
    limits = RateLimits(tmp_path, quotas=FAST)
    assert limits.take("app", workspace_of("key"), within_s=1).waited_s < 1
    limits.close()


def test_old_slots_are_forgotten(tmp_path: Path) -> None:
    """The file does not grow with the number of requests."""
    _take(tmp_path, 20)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(f"UPDATE '{TABLE}' SET item_timestamp = item_timestamp - 61000")
    _take(tmp_path, 1)
    assert len(_slots(tmp_path)) == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A wrong folder is an error of the settings."""
    place = tmp_path / "file"
    place.write_text("not a folder")
    with pytest.raises(ConfigError, match="Name a folder that can be written"):
        RateLimits(place)


def test_the_speed_scales_every_limit() -> None:
    """Plans are made with the rate that is kept."""
    assert RateLimits(None).per_second("app") == pytest.approx(9.74, abs=0.01)
    assert RateLimits(None, speed=2).per_second("app") == pytest.approx(19.47, abs=0.02)
    assert math.isinf(RateLimits(None, speed=math.inf).per_second("app"))
    with pytest.raises(ConfigError, match="give a number above 0"):
        RateLimits(None, speed=0)


def test_a_slow_speed_leaves_room_for_others(tmp_path: Path) -> None:
    """Half the speed is half the requests in a window."""
    limits = RateLimits(tmp_path, quotas=FAST, speed=0.5)
    for _ in range(12):
        limits.take("app", workspace_of("key"), within_s=30).sent()
    limits.close()
    _assert_kept(_slots(tmp_path), 5, 110)
