"""Every public thing of the code has a docstring with a complete first line."""

from collections import Counter

from click.testing import CliRunner

from tests.docstrings import main, public


def test_every_public_thing_has_a_docstring() -> None:
    """Modules, classes, functions and methods without a leading underscore have one."""
    missing = [f"{thing.file}:{thing.line} {thing.name}" for thing in public() if not thing.docstring]

    assert [] == missing


def test_a_first_line_ends() -> None:
    """The first line of a docstring ends with a full stop, a colon or a question mark."""
    first = [(thing, (thing.docstring or "").partition("\n")[0]) for thing in public()]
    cut = Counter(thing.file for thing, line in first if line and not line.endswith((".", ":", "?", "!")))

    assert {} == dict(cut)


def test_ten_are_drawn_by_their_seed() -> None:
    """The command prints ten places, and the same ones for the same seed."""
    one, same, other = (CliRunner().invoke(main, ["--seed", seed]).output for seed in ("1", "1", "2"))

    assert 10 == sum(line.startswith(("sources/", "pipelines/", "flows/")) for line in one.splitlines())
    assert one == same != other
