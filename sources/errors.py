"""The root of this project's errors.

    EltError
    ├── ConfigError        stop: change a setting, a name or a file; the message says which
    ├── CustomerioError    a call failed: see `sources.customerio.client.errors`
    └── DeletionsHeld      accept them or sync again: more rows are missing than one reading may delete

`pipelines.errors` draws the whole tree. A message holds no key, no signed link and no personal data.
"""


class EltError(Exception):
    """Base of all errors that this project raises for its users. The message says what to do next.

    Attributes:
        status: HTTP status of the answer; None without an answer.
        ambiguous: True if a call may have taken effect although it failed.
    """

    status: int | None = None
    ambiguous: bool = False

    def add_sentence(self, sentence: str) -> None:
        """Append a sentence to the message."""
        self.args = (f"{self.args[0]} {sentence}",)


class DeletionsHeld(EltError):
    """A reading missed so many rows that none of them was marked as deleted; what it read is loaded."""


class ConfigError(EltError):
    """A setting, a name or a file is missing or wrong; the message says which."""
