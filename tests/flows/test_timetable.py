"""The lines about the deployments that are served."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import timetable
from flows.deployments import declared, served

NOON = datetime(2026, 11, 30, 12, 5, tzinfo=UTC)


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The lines by their first words, with a push at 4 o'clock in Vienna; freshness is paused."""
    (tmp_path / "vips.yml").write_text(
        "sync: vips\nobject: person\nmode: upsert\nmodel: {sql: select 1}\nperson: {id: u}\n"
        "timezone: Europe/Vienna\nschedule: 0 4 * * *\n"
    )
    monkeypatch.setenv("CIO_ELT_PUSH", str(tmp_path))
    made = served()
    made[-1].paused = True
    found = timetable.lines(made, NOON)
    return {line.split("  ")[1]: line for line in found}


def test_each_deployment_has_its_schedule_and_next_run(lines: dict[str, str]) -> None:
    """The next run is in UTC, whatever the zone of the schedule; a push has its own line."""
    assert [row["name"] for row in declared()] == [name.split(" ")[0] for name in lines]
    assert lines["sync"].endswith("0 * * * * Etc/UTC        next Mon 30 Nov 13:00 UTC")
    assert lines["push vips"].endswith("0 4 * * * Europe/Vienna  next Tue 01 Dec 03:00 UTC")
    assert lines["backfill"].endswith("started by hand")
    assert lines["freshness"].endswith("15,45 * * * * Etc/UTC    paused")
    assert max(map(len, lines.values())) < 80
