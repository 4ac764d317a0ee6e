"""Assets and their folders: lists, uploads of files, moves, and what is refused."""

import struct
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

ASSETS, FILES, FOLDERS = "/v1/assets", "/v1/assets/files", "/v1/assets/folders"


def _png(width: int, height: int, more: int = 0) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\0" * more


def _upload(api: httpx.Client, name: str, content: bytes, **fields: str) -> httpx.Response:
    return api.post(FILES, files={"file": (name, content)}, data=fields)


def _names(api: httpx.Client, path: str, key: str, **params: Any) -> list[str]:
    return [row["name"] for row in api.get(path, params=params).raise_for_status().json()[key]]


def test_lists_by_folder(api: httpx.Client) -> None:
    """Assets have their path and size; a folder has what lies below, the root the whole tree."""
    body = api.get(ASSETS, params={"limit": 2}).json()
    asset = body["assets"][0]
    assert {"id", "name", "parent_folder_id", "path", "size", "created", "updated"} == asset.keys()
    assert (1, "/logos/logo.png") == (asset["id"], asset["path"])
    assert body["meta"]["pagination"]["total"] == len(_names(api, ASSETS, "assets", parent_folder_id=0))

    below = _names(api, ASSETS, "assets", parent_folder_id=2)
    direct = _names(api, ASSETS, "assets", parent_folder_id=2, direct_descendants_only="true")
    assert {"meadow.jpg"} == set(below) - set(direct)
    assert ["logos", "photos", "spring"] == _names(api, FOLDERS, "folders")
    assert ["spring"] == _names(api, FOLDERS, "folders", parent_folder_id=2)
    assert 404 == api.get(ASSETS, params={"parent_folder_id": 77}).status_code
    assert 400 == api.get(ASSETS, params={"limit": 10_001}).status_code


def test_a_file_is_uploaded_moved_and_deleted(small: Sandbox, small_api: httpx.Client) -> None:
    """A body without a folder keeps it, null moves to the root, an id moves there."""
    content = _png(4096, 16)
    made = _upload(small_api, "New.PNG", content, parent_folder_id="1").json()["asset"]
    assert ("New.PNG", 1, len(content)) == (made["name"], made["parent_folder_id"], made["size"])
    path = f"{FILES}/{made['id']}"

    for body, name, folder in (
        ({"name": "newer.png"}, "newer.png", 1),
        ({"parent_folder_id": None}, "newer.png", None),
        ({"parent_folder_id": 3}, "newer.png", 3),
    ):
        small.clock.advance(60)
        assert 204 == small_api.put(path, json=body).status_code
        asset = small_api.get(path).json()["asset"]
        assert (name, folder) == (asset["name"], asset["parent_folder_id"])
        assert small.clock.now() == asset["updated"]
    assert "/photos/spring/newer.png" == asset["path"]

    assert 204 == small_api.delete(path).status_code
    assert 404 == small_api.get(path).status_code


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("logo.svg", b"<svg/>", 400),
        ("logo", _png(1, 1), 400),
        ("logo.png", b"GIF89a", 400),
        ("logo.gif", b"GIF89a", 400),
        ("wide.png", _png(4097, 1), 400),
        ("high.gif", b"GIF89a" + struct.pack("<HH", 1, 5000), 400),
        ("high.bmp", b"BM" + b"\0" * 16 + struct.pack("<ii", 1, -5000), 400),
        ("wide.jpg", b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x11\x08\0\1\x20\0", 400),
        ("large.png", _png(1, 1, 2 * 1024 * 1024), 413),
        ("terms.pdf", b"%PDF-1.7", 200),
        ("fine.bmp", b"BM" + b"\0" * 16 + struct.pack("<ii", 1, -50), 200),
        ("fine.jpeg", b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x11\x08\0\1\0\1", 200),
    ],
)
def test_only_some_files_are_taken(small_api: httpx.Client, name: str, content: bytes, status: int) -> None:
    """The kind, the bytes and the sides of an image are limited."""
    assert status == _upload(small_api, name, content).status_code


def test_a_bad_request_is_refused(small_api: httpx.Client) -> None:
    """A body that is no form, a form without a file, an unknown folder, an empty name."""
    assert 400 == small_api.post(FILES, json={"name": "a.png"}).status_code
    assert 400 == small_api.post(FILES, files={"other": ("a.png", _png(1, 1))}).status_code
    assert 404 == _upload(small_api, "a.png", _png(1, 1), parent_folder_id="77").status_code
    assert 400 == _upload(small_api, "a.png", _png(1, 1), parent_folder_id="x").status_code
    assert 400 == small_api.put(f"{FILES}/1", json={"name": ""}).status_code
    assert 400 == small_api.post(FOLDERS, json={}).status_code
    assert 404 == small_api.get(f"{FILES}/77").status_code


def test_folders_are_written(small_api: httpx.Client) -> None:
    """A folder is created, renamed, and deleted once it is empty; it never lies in itself."""
    made = small_api.post(FOLDERS, json={"name": "icons", "parent_folder_id": 1}).json()["folder"]
    path = f"{FOLDERS}/{made['id']}"
    assert 1 == made["parent_folder_id"]

    assert 409 == small_api.delete(f"{FOLDERS}/1").status_code
    assert 400 == small_api.put(f"{FOLDERS}/1", json={"parent_folder_id": made["id"]}).status_code
    assert 204 == small_api.put(path, json={"name": "signs"}).status_code
    assert "signs" == small_api.get(path).json()["folder"]["name"]
    assert 204 == small_api.delete(path).status_code
    assert 404 == small_api.get(path).status_code
