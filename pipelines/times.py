"""Parses and formats times and durations; inside the project they are Unix seconds and seconds."""

from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86_400
"""Seconds."""

_UNITS = {"s": 1, "m": MINUTE, "min": MINUTE, "h": HOUR, "d": DAY}


EARLIEST_DAY = "1970-01-01"
"""The first day that a moment of the command line or of a form may name."""


def moment(text: str) -> int:
    """Unix seconds of an ISO 8601 date or time (UTC without an offset), or of a number of Unix seconds.

    Raises:
        ValueError: the text is none of these, or names a day before `EARLIEST_DAY`.
    """
    if text.isdigit():
        return int(text)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is not a date; write a day such as 2025-01-31"
        raise ValueError(msg) from None
    if parsed.date().isoformat() < EARLIEST_DAY:
        msg = f"{text!r} is before {EARLIEST_DAY}, when no workspace had anything; check the year"
        raise ValueError(msg)
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())


def length(text: str) -> int:
    """Seconds of a number with a unit (s, m, min, h, d), such as 90m, 2h or 1d.

    Raises:
        ValueError: the text is not a number with a unit.
    """
    number = text.rstrip("smindh")
    unit = text.removeprefix(number).strip()
    if not number.strip().isdecimal() or unit not in _UNITS:
        msg = f"{text!r} is not a length of time; write one such as 90m, 2h or 1d"
        raise ValueError(msg)
    return int(number) * _UNITS[unit]


def utc(at: int) -> str:
    """The time as text: 2025-01-31 12:00 UTC; a time that no calendar has is its number."""
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, OSError, ValueError):
        return f"second {at}"


def span(seconds: int) -> str:
    """The duration as text, in its two largest units: 2 d 3 h."""
    days, rest = divmod(seconds, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join([f"{number} {unit}" for number, unit in parts if number][:2]) or "0 s"
