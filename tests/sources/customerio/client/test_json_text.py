"""Odd JSON is read: characters that are none are replaced, digits are kept, depth is bounded."""

import orjson
import pytest

from sources.customerio.client.json_text import DEEPEST, flattened, loads, repaired


@pytest.mark.parametrize(
    ("body", "text", "count"),
    [
        pytest.param(b'"caf\xe9"', "caf\ufffd", 1, id="Latin-1"),
        pytest.param(b'"a\\ud800b"', "a\ufffdb", 1, id="half a pair"),
        pytest.param(b'"\\ude00\\ud83d"', "\ufffd\ufffd", 2, id="a pair in the wrong order"),
        pytest.param(b'"a\\u0000b"', "a\ufffdb", 1, id="NUL"),
        pytest.param(b'"a\\\\u0000\\\\ud800"', "a\\u0000\\ud800", 0, id="a backslash before u0000"),
        pytest.param(b'"\\uD83D\\ude00 \\u00e9"', "\U0001f600 é", 0, id="a pair"),
        pytest.param("é\ufffd".join('""').encode(), "é\ufffd", 0, id="a replacement that was sent"),
    ],
)
def test_what_is_no_character_becomes_one(body: bytes, text: str, count: int) -> None:
    """Each character that is none becomes U+FFFD and is counted; all others stay."""
    whole, replaced = repaired(body)

    assert text == loads(whole)
    assert count == replaced


@pytest.mark.parametrize("digits", ["9" * 19, "-" + "12345678901234567890", "7" * 300])
def test_integers_of_any_size_keep_their_digits(digits: str) -> None:
    """An integer beyond 64 bits is no float."""
    assert {"n": int(digits), "x": 1.5} == loads(f'{{"n":{digits},"x":1.5}}'.encode())


@pytest.mark.parametrize("number", ["1e400", "-1e999", "9" * 5_000])
def test_a_number_that_nothing_can_hold_is_text(number: str) -> None:
    """A number beyond every type keeps its digits as a text."""
    assert [number, 1, "1e400"] == loads(f'[{number},1,"1e400"]'.encode())


@pytest.mark.parametrize(
    "wrap", ['{{"rows":[{{"id":1}},{0},{{"id":2}}],"next":"t"}}', '[{{"id":1}},{0},{{"id":2}}]']
)
def test_a_record_that_is_nested_too_deeply_is_text_and_the_others_are_read(wrap: str) -> None:
    """Its text is unchanged, also with brackets inside of texts; the records beside it are objects."""
    deep = '{"b":"]}[{","a":' + "[" * 1_500 + "]" * 1_500 + "}"

    document = loads(wrap.format(deep).encode())

    rows = document if isinstance(document, list) else document["rows"]
    assert [{"id": 1}, deep, {"id": 2}] == rows


def test_what_is_not_deep_is_not_changed() -> None:
    """A body whose records have fewer levels stays as it is."""
    body = b'{"rows":[' + b'{"a":' * (DEEPEST - 3) + b"1" + b"}" * (DEEPEST - 3) + b"]}"

    assert body == flattened(body)


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 5_000, b'{"a":12345678901234567890', b"[NaN]"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """The error is that of any text that is no JSON."""
    with pytest.raises(orjson.JSONDecodeError):
        loads(body)
