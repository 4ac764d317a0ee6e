"""Specs that cannot be used are refused with file, line and column."""

from typing import Any

import pytest

from pipelines.errors import InvalidSpec
from pipelines.push import load_spec

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
