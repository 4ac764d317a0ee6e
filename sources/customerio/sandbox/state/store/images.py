"""Measures of image files: kinds by the name's ending, sides in pixels by the header."""

import struct
from collections.abc import Callable

KINDS = ("bmp", "jpeg", "jpg", "png", "gif", "pdf")
"""The files that can be assets [spec26]."""
MOST_BYTES, MOST_PX = 2 * 1024 * 1024, 4096
"""The largest file, and the longest side of an image [spec26]."""


def sides(kind: str, content: bytes) -> tuple[int, int]:
    """Width and height in pixels, (0, 0) for a PDF; ValueError if it is no such file."""
    try:
        return _READERS[kind](content)
    except (struct.error, IndexError) as error:
        msg = f"no {kind} file"
        raise ValueError(msg) from error


def _start(content: bytes, *magics: bytes) -> None:
    if not content.startswith(magics):
        msg = "another kind of file"
        raise ValueError(msg)


def _png(content: bytes) -> tuple[int, int]:
    _start(content, b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _gif(content: bytes) -> tuple[int, int]:
    _start(content, b"GIF87a", b"GIF89a")
    width, height = struct.unpack("<HH", content[6:10])
    return width, height


def _bmp(content: bytes) -> tuple[int, int]:
    _start(content, b"BM")
    width, height = struct.unpack("<ii", content[18:26])
    return abs(width), abs(height)


def _jpeg(content: bytes) -> tuple[int, int]:
    """The sides are in the segment that starts a frame; segments before it are skipped."""
    _start(content, b"\xff\xd8")
    at = 2
    while True:
        marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length


def _pdf(content: bytes) -> tuple[int, int]:
    _start(content, b"%PDF-")
    return 0, 0


_READERS: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "png": _png,
    "gif": _gif,
    "bmp": _bmp,
    "jpg": _jpeg,
    "jpeg": _jpeg,
    "pdf": _pdf,
}
