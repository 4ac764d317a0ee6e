"""Moments and lengths of time, as people write and read them; inside, they are Unix seconds."""

from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86_400
_UNITS = {"s": 1, "m": MINUTE, "min": MINUTE, "h": HOUR, "d": DAY}


def moment(text: str) -> int:
    """A date or a time, ISO 8601, UTC unless it says otherwise, or Unix seconds; as Unix seconds.

    Raises:
        ValueError: it is none of these.
    """
    if text.isdigit():
        return int(text)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is no date; write a day such as 2025-01-31"
        raise ValueError(msg) from None
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())


def length(text: str) -> int:
    """A number with its unit, such as 90m, 2h or 1d; as seconds.

    Raises:
        ValueError: it is no such thing.
    """
    number = text.rstrip("smindh")
    unit = text.removeprefix(number).strip()
    if not number.strip().isdecimal() or unit not in _UNITS:
        msg = f"{text!r} is no length of time; write one such as 90m, 2h or 1d"
        raise ValueError(msg)
    return int(number) * _UNITS[unit]


def utc(at: int) -> str:
    """The moment, for people."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def span(seconds: int) -> str:
    """The length of time in its two largest units, for people."""
    days, rest = divmod(seconds, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join([f"{number} {unit}" for number, unit in parts if number][:2]) or "0 s"
