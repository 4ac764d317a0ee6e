"""The rolling window, without a store: exact at every millisecond, and never later than need be."""

from hypothesis import given
from hypothesis import strategies as st

from sources.customerio.client.rolling_window import Window, hold_slots, wait_ms

SPACED = (Window(1, 20), Window(5, 100))


def _wait(slots: list[int], now: int, windows: tuple[Window, ...] = SPACED) -> int:
    newest = sorted(slots, reverse=True)
    return wait_ms(windows, now, lambda n: newest[n - 1] if n <= len(newest) else None)


@given(st.lists(st.integers(min_value=0, max_value=200), min_size=6, max_size=60))
def test_no_span_holds_more_than_its_window(pauses: list[int]) -> None:
    """Whenever slots are asked for, those that are granted keep each window's interval."""
    now, granted = 0, list[int]()
    for pause in pauses:
        now += pause
        now += _wait(granted, now)
        assert _wait(granted, now) == 0
        granted.append(now)
    for window in SPACED:
        spans = [late - early for early, late in zip(granted, granted[window.limit :], strict=False)]
        assert min(spans) > window.interval_ms


def test_the_wait_ends_as_soon_as_there_is_room() -> None:
    """One millisecond before the returned time a slot would be too early; at that time it is granted."""
    slots = [0, 21, 42, 63, 84]
    assert _wait(slots, 104) == 1
    assert _wait(slots, 105) == 0
    assert _wait([0, 25, 50, 60, 70], 95) == 6
    assert _wait([50], 60) == 11
    assert _wait([50], 70) == 1
    assert _wait([50], 71) == 0


def test_an_empty_bucket_grants_at_once() -> None:
    """The first slots of a bucket wait for nothing but their spacing."""
    assert _wait([], 0) == 0
    assert _wait([0], 0, (Window(5, 100),)) == 0


def test_a_hold_blocks_until_it_ends() -> None:
    """The slots of a hold fill the longest window to its last millisecond, an hour at most."""
    count, at = hold_slots(SPACED, 1_000, 0.25)
    assert _wait([at] * count, 1_000) == 251
    assert _wait([at] * count, 1_251) == 0
    count, at = hold_slots(SPACED, 0, 86_400)
    assert _wait([at] * count, 0) == 3_600_001
