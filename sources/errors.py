"""The root of this project's errors.

    EltError
    ├── ConfigError        stop: change a setting, a name or a file; the message says which
    └── CustomerioError    a call failed: see `sources.customerio.client.errors`

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


class ConfigError(EltError):
    """A setting, a name or a file is missing or wrong; the message says which."""
