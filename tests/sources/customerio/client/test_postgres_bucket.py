"""Rate limits in a real PostgreSQL, shared by several machines."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sources.customerio.catalogue import Bucket
from sources.customerio.client import ConfigError, Quota, RateLimited, RateLimits
from sources.customerio.client.limits import workspace_of
from tests.postgres import cluster

pytestmark = pytest.mark.proof

FAST: dict[Bucket, Quota] = {
    "app": Quota(requests=10, window_s=0.2, margin_s=0.02, spacing_s=0.004, source="a short test")
}
WORKSPACE = workspace_of("key")
TAKING = """
import sys
from sources.customerio.client import Quota, RateLimits
limits = RateLimits(sys.argv[1], quotas={quotas!r})
for _ in range(20):
    limits.take("app", {workspace!r}, within_s=30).sent()
limits.close()
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A database of its own; its folder is short, for a socket's path may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder, cluster(Path(folder)) as made:
        yield made


def test_machines_keep_the_limit_together(url: str) -> None:
    """Processes that share only the database keep one window, by its clock."""
    program = TAKING.format(quotas=FAST, workspace=WORKSPACE)
    others = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(3)]
    assert [other.wait(timeout=60) for other in others] == [0, 0, 0]

    with psycopg.connect(url) as connection:
        table = f"ratelimit___app_{WORKSPACE}"
        rows = connection.execute(f"SELECT extract(epoch FROM item_timestamp) FROM {table} ORDER BY 1")
        sent = [float(at) for (at,) in rows]

    assert 10 < len(sent) <= 60
    assert min(late - early for early, late in zip(sent, sent[10:], strict=False)) >= 0.22


def test_a_hold_blocks_other_machines(url: str) -> None:
    """Customer.io asks one machine to wait; another one gets no slot, and the seconds until one is free."""
    holding, waiting = (RateLimits(url, quotas=FAST) for _ in range(2))
    holding.hold("app", "held", 30)

    with pytest.raises(RateLimited, match="is used up") as raised:
        waiting.take("app", "held", within_s=1)

    assert 25 < (raised.value.retry_after_s or 0) < 31
    waiting.take("app", "another", within_s=1).sent()
    holding.close()
    waiting.close()


def test_the_error_of_a_database_that_does_not_answer_has_no_password() -> None:
    """The message names no host, user or password."""
    with pytest.raises(ConfigError) as raised:
        RateLimits("postgresql://loader:secret@127.0.0.1:9/limits")

    assert "does not answer" in str(raised.value)
    assert not [word for word in ("secret", "127.0.0.1", "loader") if word in str(raised.value)]
