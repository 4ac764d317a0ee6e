"""Windows of time are joined, subtracted and cut without losing or doubling a second."""

import random
from itertools import pairwise

from sources.customerio.extract import Window, left_out, sliced, union


def _window(start: int, end: int) -> Window:
    return Window(start=start, end=end)


def _seconds(windows: list[Window]) -> set[int]:
    return {second for window in windows for second in range(window.start, window.end + 1)}


def test_windows_that_meet_become_one() -> None:
    """Adjacent windows are joined: both ends are included, so 1-2 and 3-4 have no gap."""
    assert [_window(1, 4), _window(6, 9)] == union([_window(6, 9), _window(3, 4), _window(1, 2)])


def test_what_is_left_out_has_exact_ends() -> None:
    """Gaps before, between and behind windows have exact ends, inside the whole."""
    assert [_window(0, 1), _window(4, 5), _window(9, 10)] == left_out(
        _window(0, 10), [_window(2, 3), _window(6, 8), _window(12, 15)]
    )
    assert [] == left_out(_window(3, 5), [_window(0, 9)])


def test_any_windows_and_their_complement_make_the_whole() -> None:
    """For two hundred random sets, windows and their complement share no second and miss none."""
    chance = random.Random(11)  # noqa: S311 (examples)
    for _ in range(200):
        starts = [chance.randrange(-5, 60) for _ in range(chance.randrange(6))]
        windows = [_window(start, start + chance.randrange(12)) for start in starts]
        whole = _window(0, 50)

        joined, gaps = union(windows), left_out(whole, windows)

        assert _seconds(joined) == _seconds(windows)
        assert _seconds(gaps) == _seconds([whole]) - _seconds(windows)
        assert all(first.end + 1 < second.start for first, second in pairwise(joined))


def test_slices_are_newest_first_and_meet() -> None:
    """Slices are adjacent and newest first; the oldest one is the remainder."""
    assert [_window(8, 10), _window(5, 7), _window(4, 4)] == sliced(_window(4, 10), 3)
    assert 7 == sum(piece.seconds for piece in sliced(_window(4, 10), 3))
