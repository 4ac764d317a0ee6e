"""Macros give Python the values that they give dbt."""

from pathlib import Path

import pytest

from pipelines.transform import macro_values
from pipelines.transform.macro_values import macro_value, rendered, variables


def test_a_macro_gives_its_value_or_its_text() -> None:
    """`return` ends a macro with a value of any type; without it, the value is the text."""
    steps = macro_value("journeys", "journey_counts")

    assert ["started", "activated"] == steps[:2]
    assert "knows_human_opens" == macro_value("rates", "knows", "human_opened")
    zone = variables()["timezone"]
    assert f"cast(created_at at time zone '{zone}' as date)" == macro_value(
        "expressions", "day_of", "created_at"
    )
    assert variables()["human_opens_since"] == rendered("{{ var('human_opens_since') }}")


def test_macros_of_other_files_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A macro that calls one of another file gets that one's value."""
    (tmp_path / "sums.sql").write_text("{% macro total() %}{{ return(parts() | sum) }}{% endmacro %}")
    monkeypatch.setattr(macro_values, "MACROS", tmp_path)

    assert 6 == macro_value("sums", "total", parts=lambda: [1, 2, 3])
