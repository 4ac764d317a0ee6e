"""The raw tables as dbt sources: the file is the catalogue's."""

from pathlib import Path

from pipelines.transform.raw_tables import FILE, write


def test_sources_are_the_catalogue(tmp_path: Path) -> None:
    """`sources.yml` equals what is written from the catalogue."""
    write(tmp_path / "sources.yml")

    assert (tmp_path / "sources.yml").read_text() == FILE.read_text(), "run `make docs`"
