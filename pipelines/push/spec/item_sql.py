"""SQL builders for the items of requests: JSON text as DuckDB expressions."""

from pipelines.warehouse.sql import literal

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def json_object(**members: str) -> str:
    """SQL of a JSON object; each member is SQL of its JSON text."""
    parts = " || ',' || ".join(f"'\"{name}\":' || {value}" for name, value in members.items())
    return f"('{{' || {parts} || '}}')"


def json_array(member: str) -> str:
    """SQL of a JSON array with one member."""
    return f"'[' || {member} || ']'"


def json_text(text: str) -> str:
    """SQL of a constant as a JSON string."""
    return literal(f'"{text}"')


def stored(path: str) -> str:
    """SQL of the JSON text at a path of `f.before`, the payload that was accepted last."""
    return f"json_extract(f.before, '{path}')::VARCHAR"


def ulid(ms: str, seed: str) -> str:
    """SQL of a ULID: 48 bits of milliseconds, and the first 80 bits of a hex text."""
    halves = (f"('0x' || substr({seed}, {start}, 10))::BIGINT" for start in (1, 11))
    return " || ".join((_base32(ms, 10), *(_base32(half, 8) for half in halves)))


def _base32(number: str, digits: int) -> str:
    return " || ".join(
        f"substr('{_ALPHABET}', 1 + ((({number}) >> {5 * place}) & 31)::INTEGER, 1)"
        for place in reversed(range(digits))
    )
