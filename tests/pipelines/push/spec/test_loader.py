"""Specs that cannot be used are refused with file, line and column."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import InvalidSpec
from pipelines.push import load_spec, load_specs, read_specs

_GOOD = "sync: s\nobject: person\nmode: upsert\nmodel: {sql: select 1}\nperson: {id: u}\n"


_SPECS = [
    pytest.param(
        "sync: s\nobject: [person\nmode: x\n", "s.yml, line 3, column 5: this is no YAML", id="no YAML"
    ),
    pytest.param(
        _GOOD + "fields:\n  a: texd\n",
        "s.yml, line 7, column 3: fields.a.type: Input should be 'text'",
        id="type",
    ),
    pytest.param(
        _GOOD + "fields:\n  a: {type: text, nul: x}\n",
        "line 7, column 19: fields.a.nul: there is no such",
        id="key",
    ),
    pytest.param(
        _GOOD.replace("upsert", "append"), "object person has no mode append; it has upsert", id="mode"
    ),
    pytest.param(
        _GOOD.replace("{id: u}", "{id: u, email: e}"),
        "line 5, column 1: person: a person has exactly",
        id="two ids",
    ),
    pytest.param(
        _GOOD + "device: {token: t, platform: p}\n", "a push of object person has no device", id="part"
    ),
    pytest.param(_GOOD + "brakes: {max_deletes_percent: 120}\n", "between 0 and 100", id="percent"),
    pytest.param(_GOOD + "first_run: all\n", "first_run is for events and segments", id="first run"),
    pytest.param(_GOOD + "schedule: hourly\n", "line 6, column 1: schedule", id="schedule"),
    pytest.param(_GOOD + "schedule: 99 * * * *\n", "schedule: it is minute, hour", id="minute 99"),
    pytest.param(_GOOD + "schedule: 0 4 31 2 *\n", "there has to be such a day", id="31 February"),
    pytest.param(_GOOD + "schedule: '* * * * * *'\n", "schedule: it is minute, hour", id="seconds"),
    pytest.param(_GOOD + "schedule: 'H 4 * * *'\n", "schedule: it is minute, hour", id="hashed"),
    pytest.param(_GOOD + "schedule: '@reboot'\n", "schedule: it is minute, hour", id="reboot"),
    pytest.param(_GOOD + "timezone: Mars/Base\n", "timezone: it is a time zone", id="time zone"),
    pytest.param(_GOOD.replace("sync: s", "sync: t"), "the push is 't'; name it as its file", id="name"),
    pytest.param(
        _GOOD.replace("sql: select 1", "file: s.sql"), "line 4, column 9: there is no file s.sql", id="file"
    ),
    pytest.param(_GOOD + "fields: {id: text}\n", "the field id is no attribute", id="identifier as field"),
    pytest.param("- a\n", "s.yml holds no spec", id="list"),
]


@pytest.mark.parametrize(("text", "said"), _SPECS)
def test_specs_that_cannot_be_used(tmp_path: Any, text: str, said: str) -> None:
    """The message names file, line and column."""
    file = tmp_path / "s.yml"
    file.write_text(text)
    with pytest.raises(InvalidSpec) as caught:
        load_spec(file)
    assert said in str(caught.value), str(caught.value)


@pytest.mark.parametrize(
    ("given", "read"),
    [("0  4 * * *", "0 4 * * *"), ("@daily", "@daily"), (" 30 6 * * MON-FRI ", "30 6 * * MON-FRI")],
)
def test_schedules_are_parsed_when_they_are_read(tmp_path: Path, given: str, read: str) -> None:
    """Spaces do not matter, names of schedules are known, and a time zone may be named."""
    file = tmp_path / "s.yml"
    file.write_text(_GOOD + f"schedule: '{given}'\ntimezone: Europe/Vienna\n")
    assert (read, "Europe/Vienna") == (load_spec(file).schedule, load_spec(file).timezone)


def _write(folder: Path, **after: str) -> None:
    for name, names in after.items():
        text = _GOOD.replace("sync: s", f"sync: {name}")
        (folder / f"{name}.yml").write_text(text if names != "bad" else "sync: [")
        if names and names != "bad":
            (folder / f"{name}.yml").write_text(text + f"after: [{names}]\n")


def test_a_wrong_file_stops_only_itself(tmp_path: Path) -> None:
    """Other pushes are read, those after it too; the file's error is kept by its name."""
    _write(tmp_path, good="", wrong="bad", later="wrong", lost="unknown", a="b", b="a")
    found = read_specs(tmp_path)
    assert ["good", "later"] == [spec.sync for spec in found.specs]
    assert {"wrong", "lost", "a", "b"} == found.errors.keys()
    assert "wrong.yml, line 1" in str(found.errors["wrong"])
    assert "in a cycle: " in str(found.errors["a"])
    assert ["good"] == [spec.sync for spec in load_specs(tmp_path, ["good"])]
    with pytest.raises(InvalidSpec, match="no YAML"):
        read_specs(tmp_path, ["wrong"])
    with pytest.raises(InvalidSpec, match="There is no push 'other'"):
        read_specs(tmp_path, ["other"])


def _spec(folder: Path, model: str) -> Path:
    file = folder / "vips.yml"
    file.write_text(f"sync: vips\nobject: person\nmode: upsert\nmodel: {model}\nperson: {{id: id}}\n")
    return file


@pytest.mark.parametrize("way", ["../secret.sql", "link.sql", "{above}/secret.sql"])
def test_a_model_stays_in_its_folder(tmp_path: Path, way: str) -> None:
    """A path that climbs, a link that leads out, and an absolute path are refused by line."""
    folder = tmp_path / "push"
    folder.mkdir()
    (tmp_path / "secret.sql").write_text("SELECT 1 AS id")
    (folder / "link.sql").symlink_to(tmp_path / "secret.sql")

    with pytest.raises(InvalidSpec, match=r"vips.yml, line 4, column 9: .*lies outside of the folder"):
        load_spec(_spec(folder, f"{{file: {way.format(above=tmp_path)}}}"))


def test_a_model_may_be_a_link_within_its_folder(tmp_path: Path) -> None:
    """A link to a file beside it is that file."""
    (tmp_path / "own.sql").write_text("SELECT 1 AS id")
    (tmp_path / "link.sql").symlink_to(tmp_path / "own.sql")

    assert "link.sql" == load_spec(_spec(tmp_path, "{file: link.sql}")).model.file


LAUGHS = "\n".join(
    ["a0: &a0 [ha, ha]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAUGHS, "10,000 values"),
        ("{a: " * 30 + "1" + "}" * 30, "20 levels"),
        ("[" * 50_000, "cannot be read as YAML"),
        ("# " + "x" * 300_000, "larger than 200,000 bytes"),
    ],
    ids=["billion laughs", "levels", "deep", "large"],
)
def test_a_file_that_would_grow_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A few lines that stand for billions of values end with a sentence."""
    (tmp_path / "vips.yml").write_text(text)

    with pytest.raises(InvalidSpec, match=said) as refused:
        load_spec(tmp_path / "vips.yml")
    assert str(refused.value).startswith("vips.yml")
