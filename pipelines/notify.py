"""The type of a callback that receives sentences for the user while a step runs."""

from collections.abc import Callable

Notify = Callable[[str], None]
"""Receives one sentence, such as that another run is waited for."""


def silent(_: str) -> None:
    """A `Notify` that ignores the sentence."""
