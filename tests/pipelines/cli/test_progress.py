"""The progress of a sync fits on a terminal, and is told elsewhere too."""

import io
import time

import pytest
from rich.console import Console

from pipelines.cli import progress as module
from pipelines.cli.progress import history_progress, progress, shown
from pipelines.export import HistoryProgress
from pipelines.progress import reached
from sources.customerio.client import BadAnswer
from sources.customerio.extract import RunSummary


def _under_way(number: int) -> RunSummary:
    """A sync of that many tables, of which the first was read, the second failed, and the others are read."""
    summary = RunSummary()
    for place in range(number):
        summary.open(f"table_{place}")
    tallies = list(summary.resources.values())
    for tally in tallies:
        tally.requests, tally.requests_left, tally.read, tally.new = 3, 1_000, 50, 7
    tallies[0].end()
    tallies[1].end(BadAnswer("no list"))
    return summary


@pytest.mark.parametrize("height", [24, 40])
def test_a_terminal_shows_the_sum_and_what_is_being_read(height: int) -> None:
    """Tables that were read are counted, not shown; rows beyond the terminal's height are counted too."""
    console = Console(file=io.StringIO(), width=80, height=height)

    with console.capture() as captured:
        console.print(shown(summary := _under_way(60), reached(summary, 18.0), height))

    lines = captured.get().splitlines()
    assert len(lines) < height
    assert (
        "0 %: 2 of 60 tables read, 180 of at least 58,180 requests, 420 rows to write; "
        "about 97 min left." == " ".join(line.strip() for line in lines[:2])
    )
    assert not any(line.startswith(("table_0 ", "table_1 ")) for line in lines)
    assert any(line.startswith("table_2 ") for line in lines)
    assert f"and {58 - (height - 5)} more" == lines[-1]


def test_few_rows_need_no_line_of_others() -> None:
    """All rows that fit are shown."""
    console = Console(file=io.StringIO(), width=120, height=40)

    with console.capture() as captured:
        console.print(shown(summary := _under_way(5), reached(summary, 0.0), 40))

    assert ["table_2", "table_3", "table_4"] == [line.split()[0] for line in captured.get().splitlines()[2:]]


def test_without_a_terminal_a_line_is_told_every_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Lines of a log tell that a long sync goes on; a short one says nothing."""
    with progress(_under_way(5)):
        pass
    silent = capfd.readouterr()

    monkeypatch.setattr(module, "_EVERY_S", 0.01)
    with progress(_under_way(5)):
        time.sleep(0.5)
    told = capfd.readouterr()

    assert ("", "") == silent
    line = "0 %: 2 of 5 tables read, 15 of at least 3,015 requests, 35 rows to write; about 1 min left."
    assert told.err.splitlines().count(line) > 1
    assert "" == told.out


def test_a_history_tells_its_exports_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The time left is known once an export has ended."""
    history = HistoryProgress(exports=30, under_way=5)
    assert "0 of 30 exports loaded, 5 under way, 0 rows" == history.reached.words
    history.loaded, history.rows, history.began = 10, 1_234, history.began - 600
    line = "33 %: 10 of 30 exports loaded, 5 under way, 1,234 rows; about 20 min left."

    monkeypatch.setattr(module, "_EVERY_S", 0.01)
    with history_progress(history):
        time.sleep(0.5)

    assert capfd.readouterr().err.splitlines().count(line) > 1
