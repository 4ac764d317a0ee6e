"""Identifiers in Customer.io's formats."""

import string

from sources.customerio.sandbox.state.store.ids import WorkspaceIds, cio_id, ulid


def test_delivery_ids_unpack() -> None:
    """An id gives its number back, and nothing else is an id."""
    ids = WorkspaceIds(1)
    numbers = [0, 1, 2, 3, (400 << 20) + 17]

    assert [ids.seq(ids.of(number)) for number in numbers] == numbers
    assert ids.seq("nonsense") is None
    assert ids.seq(ids.of(5).swapcase()) is None
    assert WorkspaceIds(2).seq(ids.of(5)) is None


def test_delivery_ids_are_urlsafe_and_distinct() -> None:
    """Ten thousand ids are ten thousand ids, with the characters of base64url."""
    made = {WorkspaceIds(3).of(number) for number in range(10_000)}

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
