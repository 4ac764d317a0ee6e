"""What one message said beyond its template: kept for its archived copy."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What a call gave a single message; None is as in the template."""

    body: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    bcc: str | None = None
    fake_bcc: bool | None = None
    preheader: str | None = None


Letters = dict[int, Letter]
"""Letters by delivery number."""
