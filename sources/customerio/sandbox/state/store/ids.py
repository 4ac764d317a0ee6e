"""Identifiers in Customer.io's formats, derived from numbers: the same number has the same id.

A delivery's id is opaque base64url with padding and can be decoded to the delivery's `seq`, so no index of
ids is needed. A person's `cio_id` is hex, which may look like a number (`30e00001`, `03000001`). Activities
and triggering events have ULIDs, records of Design Studio have UUIDs. Two workspaces share small numbers and
`cio_id`s, and no delivery id, ULID or UUID: those follow from the seed too.
"""

import base64
import binascii
from hashlib import blake2b
from uuid import UUID

# Live ids look like a3000001, 03000001 and 30e00001; the ranges of the bases do not overlap.
_CIO_BASES = (0xA3000000, 0x03000000, 0x30E00000)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _CROCKFORD for b in _CROCKFORD]
_HEAD = 6
_FIRST_WORKSPACE = 144_600
_NUMBERS = 64  # bits
_NUMBER = 6


def cio_id(number: int) -> str:
    """The `cio_id` of the person with that number: eight hex digits."""
    return f"{_CIO_BASES[number % 3] + number:08x}"


def workspace_id(seed: int) -> int:
    """The id of the workspace of a seed, which is its Track environment's id too."""
    return _FIRST_WORKSPACE + seed


class WorkspaceIds:
    """The ids of one workspace: delivery ids, encoded and decoded, ULIDs and UUIDs."""

    def __init__(self, seed: int) -> None:
        self._first = (seed - 1) << _NUMBERS  # numbers of two workspaces do not meet
        self._key = blake2b(b"delivery" + str(seed).encode(), digest_size=16).digest()
        self._head = blake2b(b"head" + self._key, digest_size=_HEAD).digest()

    def of(self, seq: int) -> str:
        """The id of delivery `seq`: 25 or 26 bytes, so that both kinds of padding occur."""
        number = seq.to_bytes(_NUMBER, "big")
        mix = blake2b(number, key=self._key, digest_size=14).digest()
        tail = mix[:13] if seq % 3 == 0 else mix
        masked = bytes(a ^ b for a, b in zip(number, mix[8:14], strict=True)) if len(tail) == 14 else number
        return base64.urlsafe_b64encode(self._head + masked + tail).decode()

    def seq(self, delivery_id: str) -> int | None:
        """The `seq` of an id; None if it is no id of this workspace."""
        try:
            raw = base64.b64decode(delivery_id, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(raw) not in (25, 26) or raw[:_HEAD] != self._head:
            return None
        number = raw[_HEAD : _HEAD + _NUMBER]
        if len(raw) == 26:
            number = bytes(a ^ b for a, b in zip(number, raw[-6:], strict=True))
        seq = int.from_bytes(number, "big")
        return seq if self.of(seq) == delivery_id else None

    def ulid(self, at: int, number: int) -> str:
        """The ULID of an event with that number at a Unix second."""
        return ulid(at, self._first + number)

    def uuid(self, table: str, number: int) -> str:
        """The UUID of the record of a table with that number."""
        digest = blake2b(f"{table}:{self._first + number}".encode(), digest_size=16).digest()
        return str(UUID(bytes=digest, version=4))


def ulid(at: int, *parts: int) -> str:
    """A ULID of a Unix second whose random part is derived from `parts`; ULIDs sort by time."""
    digest = blake2b(",".join(map(str, parts)).encode(), digest_size=11).digest()
    millis = at * 1000 + digest[10] * 3
    value = (millis << 80) | int.from_bytes(digest[:10], "big")
    # 26 characters of 5 bits are 13 pairs of 10 bits.
    return "".join(_PAIRS[(value >> shift) & 0x3FF] for shift in range(120, -1, -10))
