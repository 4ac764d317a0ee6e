"""Small rules of the state: ids, months, exported names."""

import string

import numpy as np

import sources.customerio.sandbox as package
from sources.customerio.sandbox.state.store.ids import DeliveryIds, cio_id, ulid
from sources.customerio.sandbox.state.store.lookback import NEWSLETTER, WORKSPACE, add_months


def test_delivery_ids_unpack() -> None:
    """An id gives its number back, and nothing else is an id."""
    ids = DeliveryIds(1)
    numbers = [0, 1, 2, 3, (400 << 20) + 17]

    assert [ids.seq(ids.of(number)) for number in numbers] == numbers
    assert ids.seq("nonsense") is None
    assert ids.seq(ids.of(5).swapcase()) is None
    assert DeliveryIds(2).seq(ids.of(5)) is None


def test_delivery_ids_are_urlsafe_and_distinct() -> None:
    """Ten thousand ids are ten thousand ids, with the characters of base64url."""
    made = {DeliveryIds(3).of(number) for number in range(10_000)}

    assert len(made) == 10_000
    assert set("".join(made)) <= set(string.ascii_letters + string.digits + "-_=")
    assert {"-", "_"} <= set("".join(made))


def test_cio_ids_are_hex_text() -> None:
    """Eight hex digits; some begin with 0, some look like a float."""
    assert [cio_id(number) for number in (0, 1, 2)] == ["a3000000", "03000001", "30e00002"]


def test_ulids_sort_by_time() -> None:
    """26 characters, the earlier second first."""
    made = [ulid(at, 7) for at in (1_000, 1_001, 1_792_058_400)]

    assert made == sorted(made)
    assert {len(text) for text in made} == {26}


def test_months_are_calendar_months() -> None:
    """Half a year before 31 August is the end of February."""
    end_of_august = 1_788_134_400  # 2026-08-31T00:00:00Z
    end_of_february = 1_772_236_800  # 2026-02-28T00:00:00Z

    assert add_months(end_of_august, -6) == end_of_february
    assert add_months(end_of_february, 12) - end_of_february == 365 * 86_400


def test_reach_survives_strange_bounds() -> None:
    """Zero, negative and far-away bounds are ranges like any other."""
    now = 1_792_058_400

    assert WORKSPACE.bounds(start_ts=0, end_ts=0, now=now, first=None)[1] == 0
    assert WORKSPACE.bounds(start_ts=-5, end_ts=2**40, now=now, first=None)[1] == 2**40
    assert NEWSLETTER.bounds(start_ts=None, end_ts=None, now=now, first=None) == (add_months(now, -6), now)


def test_the_door_is_exact() -> None:
    """`__all__` is sorted and holds what the package offers."""
    assert package.__all__ == sorted(package.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(package, name) for name in package.__all__)
    assert np.all([name in dir(package) for name in package.__all__])
