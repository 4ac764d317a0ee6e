"""Bodies that are forms with a file: what they are made of, and documents that are none."""

import base64

import orjson
import pytest

from sources.customerio.catalogue import operation
from sources.customerio.client import WrongCall
from sources.customerio.client.forms import form_of

UPLOAD = operation("createAsset")


def test_a_form_has_the_fields_and_the_file() -> None:
    """The file's content is decoded; numbers and null become the text of fields."""
    file = {"name": "a.png", "content": base64.b64encode(b"\x89PNG").decode()}
    body = orjson.dumps({"file": file, "name": "logo", "parent_folder_id": 3, "other": None})

    fields, files = form_of(UPLOAD, body)

    assert {"name": "logo", "parent_folder_id": "3", "other": ""} == fields
    assert {"file": ("a.png", b"\x89PNG")} == files


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"no json", "/file"),
        (b"{}", "/file"),
        (b'{"file": "a.png"}', "/file"),
        (b'{"file": {"name": "a.png", "content": "%"}}', "/file/content"),
        (b'{"file": {"name": "a.png", "content": 7}}', "/file/content"),
    ],
)
def test_a_document_without_a_file_is_refused(body: bytes, pointer: str) -> None:
    """The error says what is missing and where."""
    with pytest.raises(WrongCall) as caught:
        form_of(UPLOAD, body)
    assert pointer == caught.value.pointer
