"""How a step tells its caller, in a sentence, of something that a user should know while it runs."""

from collections.abc import Callable

Notify = Callable[[str], None]


def silent(_: str) -> None:
    """Drop the sentence."""
