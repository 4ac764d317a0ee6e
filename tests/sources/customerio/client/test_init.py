"""The public names of the client."""

from sources.customerio import client


def test_all_lists_the_public_names() -> None:
    """`__all__` is sorted and holds exactly the public names."""
    modules = {name for name, value in vars(client).items() if type(value).__name__ == "module"}
    public = {name for name in vars(client) if not name.startswith("_")} - modules
    assert sorted(client.__all__, key=lambda name: (not name.isupper(), name)) == client.__all__
    assert set(client.__all__) == public
