"""The runner of benchmarks prints every figure, and the page of results is what was saved."""

import json
import re
from pathlib import Path

import pytest

from tests.bench.cells import cells, missed
from tests.bench.measure import Figure, Wrong, in_process, repeated
from tests.bench.page import PAGE, PROMISES, page, promises
from tests.bench.results import Part, saved
from tests.bench.runner import run_parts


def _broken(_: int) -> list[Figure]:
    msg = "three rows are missing"
    raise Wrong(msg)


def _part(*figures: Figure, once: str | None = None) -> Part:
    return Part(title="A part", run=lambda times: repeated(times, lambda: list(figures)), once=once)


SLOW = Figure.of("a slow thing", 2.5, "s", most=1.0)
FAST = Figure.of("a fast thing", 0.25, "s", most=1.0)
PLAIN = Figure.of("a thing without bounds", 1_234.5, "MB")


def test_the_pages_are_current() -> None:
    """`make docs` writes the pages; it was run after the last results were saved."""
    assert page(saved()) == PAGE.read_text("utf-8")
    text = PROMISES.read_text("utf-8")
    assert promises(text, saved()) == text
    assert {"day", "workspace"} == set(re.findall(r"^### (\w+): ", text, re.MULTILINE))


def test_a_saved_result_is_read_as_it_was(tmp_path: Path) -> None:
    """A file has the figures with their bounds, and the machine without its name."""
    run_parts({"one": _part(SLOW, FAST)}, times=2, folder=tmp_path)

    text = (tmp_path / "one.json").read_text("utf-8")
    [result] = saved(tmp_path)
    assert [False, True] == [figure["kept"] for figure in json.loads(text)["figures"]]
    assert {"cores", "memory_gb", "python", "platform", "load"} == set(result.machine)
    assert json.loads(text) == json.loads(json.dumps(result.document))


def test_every_part_runs_after_a_missed_bound(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Every figure is printed, then a line for each bound that was missed and each part that broke off."""
    parts = {"one": _part(SLOW, FAST), "two": Part(title="B", run=_broken), "three": _part(PLAIN, SLOW)}

    code = run_parts(parts, times=3, folder=tmp_path)

    printed = capsys.readouterr().out
    assert 1 == code
    assert 2 == printed.count("**no**") and "a fast thing" in printed and "1,234 MB" in printed
    assert [
        "one: a slow thing: 2.5 s; at most 1 s",
        "two: broke off: Wrong: three rows are missing",
        "three: a slow thing: 2.5 s; at most 1 s",
    ] == printed.splitlines()[-3:]
    assert [("one", (2.5, 2.5, 2.5)), ("three", (1_234.5,) * 3)] == [
        (result.part, result.figures[0].runs) for result in saved(tmp_path)
    ]


def test_kept_bounds_end_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json` one document has all figures; a part that runs once says why."""
    code = run_parts({"one": _part(FAST, once="it takes minutes.")}, times=3, as_json=True)

    [result] = json.loads(capsys.readouterr().out)
    assert 0 == code
    assert ("it takes minutes.", [0.25], True) == (
        result["once"],
        result["figures"][0]["runs"],
        result["figures"][0]["kept"],
    )


def test_the_bounds_are_for_the_median() -> None:
    """One slow run of three misses no bound; the spread shows it."""
    figure = Figure(what="a thing", unit="s", runs=(0.5, 9.0, 0.75), most=1.0)

    assert ("a thing", "0.75 s", "0.5..9", "at most 1 s", "yes") == cells(figure)


def test_a_figure_may_have_a_least_value() -> None:
    """A recall has a lower bound."""
    figure = Figure(what="recall", unit="%", runs=(80.0,), least=90.0)

    assert not figure.kept
    assert "cadence: recall: 80 %; at least 90 %" == missed("cadence", figure)


def test_a_process_has_its_own_memory() -> None:
    """The result of a function comes from a new process, with its peak; an error comes too."""
    length, peak_mb = in_process(len, "four")

    assert 4 == length and 1 < peak_mb
    with pytest.raises(Wrong, match="three rows are missing"):
        in_process(_broken, 1)
