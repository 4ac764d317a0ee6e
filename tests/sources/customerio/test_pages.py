"""The files that are written from the catalogue."""

from pathlib import Path

import pytest

from sources.customerio.pages import FILES


@pytest.mark.proof
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_what_the_catalogue_writes(path: Path) -> None:
    """`make docs` writes the file; it was run after the last change of the catalogue."""
    assert FILES[path]() == path.read_text()
