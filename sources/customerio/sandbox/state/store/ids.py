"""How Customer.io's identifiers look, made so that the same thing always has the same one.

A delivery's id is opaque base64url with padding, and unpacks to the number of the delivery, so that a
look-up needs no index of a million strings. A person's `cio_id` is hex that a careless reader takes for a
number (`30e00001`, `03000001`). Activities and triggering events have ULIDs.
"""

import base64
import binascii
from hashlib import blake2b

# Live ids look like a3000001, 03000001 and 30e00001; the bases are far enough apart never to meet.
_CIO_BASES = (0xA3000000, 0x03000000, 0x30E00000)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _CROCKFORD for b in _CROCKFORD]
_HEAD = 6
_NUMBER = 6


def cio_id(number: int) -> str:
    """The `cio_id` of the person with that number: eight hex digits."""
    return f"{_CIO_BASES[number % 3] + number:08x}"


class DeliveryIds:
    """Delivery ids of one workspace, both ways."""

    def __init__(self, seed: int) -> None:
        self._key = blake2b(b"delivery" + str(seed).encode(), digest_size=16).digest()
        self._head = blake2b(b"head" + self._key, digest_size=_HEAD).digest()

    def of(self, seq: int) -> str:
        """The id of delivery number `seq`: 25 or 26 bytes, so that both kinds of padding occur."""
        number = seq.to_bytes(_NUMBER, "big")
        mix = blake2b(number, key=self._key, digest_size=14).digest()
        tail = mix[:13] if seq % 3 == 0 else mix
        veiled = bytes(a ^ b for a, b in zip(number, mix[8:14], strict=True)) if len(tail) == 14 else number
        return base64.urlsafe_b64encode(self._head + veiled + tail).decode()

    def seq(self, delivery_id: str) -> int | None:
        """The delivery number of an id; None if this workspace never made such an id."""
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


def ulid(at: int, *what: int) -> str:
    """A ULID of that second whose random part follows from `what`; sorts by time as ULIDs do."""
    noise = blake2b(",".join(map(str, what)).encode(), digest_size=11).digest()
    millis = at * 1000 + noise[10] * 3
    value = (millis << 80) | int.from_bytes(noise[:10], "big")
    # 26 characters of 5 bits are 13 pairs of 10 bits.
    return "".join(_PAIRS[(value >> shift) & 0x3FF] for shift in range(120, -1, -10))
