"""The people of a world; identifiers and attributes follow from the seed and the person's number alone.

One in twelve has only an email and one in twenty only an id, so that a reader that keys people by `id` or
by `email` loses some.
"""

from hashlib import blake2b
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.world import vocabulary
from sources.customerio.sandbox.world.scale import Scale

_INITIAL_SHARE = 0.6
_INITIAL_SPAN_S = 730 * DAY
_EMAIL_ONLY, _ID_ONLY, _PHONE, _DEVICE = 12, 20, 2, 4


class Population:
    """Plans when people arrive, and their identifiers, attributes and devices."""

    def __init__(self, seed: int, scale: Scale, genesis: int) -> None:
        self._seed = seed
        self._genesis = genesis
        self._initial = round(scale.people * _INITIAL_SHARE)
        self._a_day = (scale.people - self._initial) / scale.history_days

    def before(self, day: int) -> int:
        """The number of people before the day begins; they are numbered from 0."""
        return self._initial + int(self._a_day * day)

    def initial(self) -> list[Person]:
        """The people who exist before the first day."""
        step = _INITIAL_SPAN_S // max(self._initial, 1)
        first = self._genesis - step * self._initial
        return [self.person(number, first + step * number) for number in range(self._initial)]

    def arrivals(self, day: int, rng: np.random.Generator) -> list[Person]:
        """The people who arrive on the day, in order."""
        numbers = range(self.before(day), self.before(day + 1))
        seconds = np.sort(rng.integers(0, DAY, len(numbers))).tolist()
        begins = self._genesis + day * DAY
        return [self.person(n, begins + second) for n, second in zip(numbers, seconds, strict=True)]

    def person(self, number: int, created_at: int) -> Person:
        """The person of that number."""
        noise = blake2b(f"{self._seed}:{number}".encode(), digest_size=32).digest()
        first = vocabulary.FIRST_NAMES[noise[0] % len(vocabulary.FIRST_NAMES)]
        last = vocabulary.LAST_NAMES[noise[1] % len(vocabulary.LAST_NAMES)]
        plus = "+news" if noise[2] % 9 == 0 else ""
        host = "Example.com" if noise[3] % 7 == 0 else "example.com"
        email = f"{_plain(first)}.{_plain(last)}{plus}{number}@{host}"
        person_id = f"{number:05d}" if noise[4] % 3 == 0 else f"user-{number}"
        return Person(
            number=number,
            created_at=created_at,
            id=None if number % _EMAIL_ONLY == 5 else person_id,
            email=None if number % _ID_ONLY == 7 else email,
            attributes=_attributes(number, first, last, created_at, noise),
            devices=_devices(number, created_at, noise),
            phone=_phone(number, noise),
        )


def reachable(numbers: NDArray[np.int64], channel: str) -> NDArray[np.bool_]:
    """If the people of those numbers have an address for the channel; addresses are assigned by this rule."""
    reached = np.ones(len(numbers), dtype=np.bool_)
    if channel == "email":
        reached = numbers % _ID_ONLY != 7
    elif channel == "twilio":
        reached = numbers % _PHONE == 0
    elif channel == "push":
        reached = numbers % _DEVICE == 0
    return reached


def _attributes(number: int, first: str, last: str, created_at: int, noise: bytes) -> dict[str, str]:
    subscribed = "false" if noise[5] % 4 == 0 else "true"
    values = {
        "created_at": str(created_at),
        "first_name": first,
        "last_name": last,
        "plan": vocabulary.PLANS[noise[6] % len(vocabulary.PLANS)],
        "country": vocabulary.COUNTRIES[noise[7] % len(vocabulary.COUNTRIES)],
        "ltv": f"{noise[8] * 256 // 7 / 4:.2f}",
        "is_admin": "true" if noise[9] % 10 == 0 else "false",
        "last_seen": str(created_at + noise[10] * HOUR),
        "unsubscribed": "true" if noise[11] % 20 == 0 else "false",
        "_cio_subscription_preferences_computed": f'{{"topics":{{"topic_1":{subscribed},"topic_2":true}}}}',
    }
    if number % 5 == 0:
        values["cio_subscription_preferences"] = f'{{"topics":{{"topic_1":{subscribed}}}}}'
    if number % 3 == 0:
        values["favorite color"] = vocabulary.COLORS[noise[12] % len(vocabulary.COLORS)]
    if number % 10 == 3:
        values["Name"] = f"{last}, {first}"
    if number % 10 in (3, 4):
        values["name"] = f"{first} {last}"
    if number % 8 == 1:
        values["bio"] = vocabulary.BIO[noise[13] % len(vocabulary.BIO)]
    if number % 6 == 2:
        values["interests"] = (
            f'["{vocabulary.INTERESTS[noise[14] % 5]}","{vocabulary.INTERESTS[noise[15] % 5]}"]'
        )
    phone = _phone(number, noise)
    if phone:
        values["phone"] = phone
    return values


def _phone(number: int, noise: bytes) -> str | None:
    return f"+1555{noise[16]:03d}{number % 10000:04d}" if number % _PHONE == 0 else None


def _devices(number: int, created_at: int, noise: bytes) -> list[Record] | None:
    # A person who had a device before has an empty list, a person who never had one has null.
    if number % _DEVICE:
        return [] if number % _DEVICE == 1 else None
    ios = noise[17] % 2 == 0
    return [
        {
            "id": blake2b(noise, digest_size=24).hexdigest(),
            "last_used": created_at + noise[18] * HOUR,
            "platform": "ios" if ios else "android",
            "attributes": {
                "device_os": "18.1" if ios else "15",
                "device_model": "iPhone16,1" if ios else "Pixel 9",
                "app_version": "4.2.0",
                "cio_sdk_version": "3.5.1",
                "_last_status": ("", "sent", "bounced")[noise[19] % 3],
                "device_locale": "en-US",
                "push_enabled": "true" if noise[20] % 5 else "false",
            },
        }
    ]


def _plain(name: str) -> str:
    """A name as it is written in an email address: ASCII letters and hyphens."""
    flat = normalize("NFKD", name.lower().translate(_NO_ACCENT_FORM))
    return "".join(character for character in flat if character in _LETTERS)


_NO_ACCENT_FORM = str.maketrans("øłı", "oli")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz-")
