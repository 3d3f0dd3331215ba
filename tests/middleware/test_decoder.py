"""``decoder``: each encoding, and what cannot be decoded."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drasi_nb.errors import ChangeError
from drasi_nb.middleware import build
from drasi_nb.values.change import Change


def _config(encoding: str, **keys: Any) -> dict[str, Any]:
    return {"kind": "decoder", "encoding_type": encoding, "target_property": "p", **keys}


DECODED = [
    ("base64", "Um9vbSAyMDE=", "Room 201"),
    ("base64", "", ""),
    ("base64", "w6k=", "é"),
    ("base64url", "Pz8_", "???"),
    ("base64url", "w6k", "é"),
    ("base64url", "w6k=", "é"),
    ("hex", "48656C6c6f", "Hello"),
    ("hex", "", ""),
    ("url", "Room%20201+%C3%A9", "Room 201+é"),
    ("json_escape", r"a\"b\\c\n\u00e9\ud83d\ude00", 'a"b\\c\né😀'),
]


@pytest.mark.parametrize(("encoding", "text", "plain"), DECODED)
@pytest.mark.parametrize("op", ["insert", "update"])
def test_decoded(step: Any, op: str, encoding: str, text: str, plain: str) -> None:
    made = step(_config(encoding))(op, "n", "N", {"p": text, "q": 1})
    assert made == [(op, "n", "N", {"p": plain, "q": 1})]


BROKEN: list[tuple[str, Any, str]] = [
    ("base64", "SGVsbG8", "is no base64"),
    ("base64", "SGVs bG8=", "is no base64"),
    ("base64", "w6l=", "is no base64: bits are left over"),
    ("base64", "é", "is no base64"),
    ("base64", "/w==", "is no UTF-8 after decoding, at byte 0"),
    ("base64url", "Pz8/", "is no base64url"),
    ("base64url", "a", "is no base64url"),
    ("base64url", "é", "is no base64url"),
    ("hex", "48656", "is no hex"),
    ("hex", "zz", "is no hex"),
    ("hex", "ff", "is no UTF-8"),
    ("url", "abc%URL", "has a % without two hex digits at column 4"),
    ("url", "100%", "has a % without two hex digits at column 4"),
    ("url", "%FF", "is no UTF-8"),
    ("json_escape", 'a"b', "has a wrong escape"),
    ("json_escape", "\\x", "has a wrong escape"),
    ("json_escape", "a\nb", "has a wrong escape"),
    ("json_escape", "\\ud800", "has half a surrogate pair"),
    ("hex", 12, "must be text, is of type int"),
    ("hex", None, "is missing"),
    ("hex", "61" * 9, "has 18 bytes, more than 16"),
]


@pytest.mark.parametrize(("encoding", "text", "reason"), BROKEN)
def test_what_cannot_be_decoded(step: Any, encoding: str, text: Any, reason: str) -> None:
    with pytest.raises(ChangeError) as caught:
        step(_config(encoding, max_size_bytes=16))("insert", "n", "N", {"p": text})
    assert f"middleware 'm': property 'p': {reason}" in str(caught.value)
    assert caught.value.element_id == "n"
    skips = step(_config(encoding, max_size_bytes=16, on_error="skip"))
    assert skips("insert", "n", "N", {"p": text}) == [("insert", "n", "N", {"p": text})]


@pytest.mark.parametrize(
    ("text", "plain"),
    [('"6869"', "hi"), ("6869", "hi"), ('""', ""), ('"6869', None), ('"', None)],
)
def test_quotes_are_stripped_in_pairs(step: Any, text: str, plain: str | None) -> None:
    made = step(_config("hex", strip_quotes=True, on_error="skip"))(
        "insert", "n", "N", {"p": text}
    )
    assert made[0][3]["p"] == (text if plain is None else plain)


PARTIAL: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({}, {"q": 1}, {"q": 1}),
    ({}, {"p": None}, {"p": None}),
    ({"output_property": "o"}, {"q": 1}, {"q": 1}),
    ({"output_property": "o"}, {"p": None}, {"p": None, "o": None}),
    ({"output_property": "o"}, {"p": "6869", "o": 3}, {"p": "6869", "o": "hi"}),
]


@pytest.mark.parametrize(("keys", "update", "expected"), PARTIAL)
def test_an_update_of_a_part(step: Any, keys: Any, update: Any, expected: Any) -> None:
    made = step(_config("hex", **keys))("update", "n", None, update)
    assert made == [("update", "n", None, expected)]


def test_a_delete_passes(step: Any) -> None:
    assert step(_config("hex"))("delete", "n") == [("delete", "n", None, {})]


ENCODE: dict[str, Any] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "url": lambda text: quote(text, safe=""),
    "json_escape": lambda text: json.dumps(text)[1:-1],
}
STEPS = {name: build({"name": "d", **_config(name)}, place="m")[1] for name in ENCODE}


@given(st.sampled_from(sorted(ENCODE)), st.text(st.characters(codec="utf-8")))
def test_round_trip(encoding: str, text: str) -> None:
    change = Change("insert", "n", ("N",), {"p": ENCODE[encoding](text)})
    (made,) = STEPS[encoding](change)
    assert made.properties == {"p": text}


@given(st.sampled_from(sorted(ENCODE)), st.text())
def test_any_text_is_decoded_or_refused(encoding: str, text: str) -> None:
    try:
        (made,) = STEPS[encoding](Change("insert", "n", ("N",), {"p": text}))
    except ChangeError:
        return
    made.properties["p"].encode()
