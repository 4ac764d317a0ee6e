"""The package has one door, and what it opens to is written on it."""

from sources.customerio import client


def test_the_door_lists_what_it_opens_to() -> None:
    """`__all__` is sorted and holds exactly the public names."""
    modules = {name for name, value in vars(client).items() if type(value).__name__ == "module"}
    public = {name for name in vars(client) if not name.startswith("_")} - modules
    assert sorted(client.__all__, key=lambda name: (not name.isupper(), name)) == client.__all__
    assert set(client.__all__) == public
