"""Forms with files: fields, files with any bytes, and bodies that are none."""

import httpx
import pytest

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.wire.http.forms import read_form


def test_fields_and_files_are_read() -> None:
    """A file keeps its bytes, also line ends and zeros; text fields are text."""
    content = b"\x89PNG\r\n\x1a\n\0\xff\r\n--not the boundary\r\n"
    request = httpx.Request(
        "POST", "http://here", data={"name": "Größe"}, files={"file": ("a b.png", content)}
    )

    assert ({"name": "Größe"}, {"file": ("a b.png", content)}) == read_form(request.read())


@pytest.mark.parametrize("body", [b"", b"{}", b"name=a"])
def test_other_bodies_are_refused(body: bytes) -> None:
    """A body that does not begin with a boundary is no form."""
    with pytest.raises(BadRequest):
        read_form(body)
