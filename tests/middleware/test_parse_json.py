"""``parse_json``: values, limits, and what is no JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drasi_nb.errors import ChangeError
from drasi_nb.middleware import build
from drasi_nb.values.change import Change, accept
from drasi_nb.values.ordering import identical


def _config(**keys: Any) -> dict[str, Any]:
    return {"kind": "parse_json", "target_property": "p", **keys}


PARSED: list[tuple[str, Any]] = [
    ('{"a": [1, 2.5, "x", null, true]}', {"a": [1, 2.5, "x", None, True]}),
    ("5", 5),
    (' "x"\n', "x"),
    ("null", None),
    ("9223372036854775807", 2**63 - 1),
    ("9223372036854775808", 2.0**63),
    ("1.0", 1.0),
    ('{"a": 1, "a": 2}', {"a": 2}),
    ('"\\u00e9\\ud83d\\ude00"', "é😀"),
]


@pytest.mark.parametrize(("text", "value"), PARSED)
def test_parsed(step: Any, text: str, value: Any) -> None:
    ((_, _, _, properties),) = step(_config())("insert", "n", "N", {"p": text, "q": 1})
    assert identical(properties, {"p": value, "q": 1})
    ((_, _, _, both),) = step(_config(output_property="o"))("update", "n", "N", {"p": text})
    assert identical(both, {"p": text, "o": value})


BROKEN: list[tuple[Any, str]] = [
    ("{", "is no JSON: Expecting property name"),
    ("", "is no JSON"),
    ("{'a': 1}", "line 1, column 2"),
    ("NaN", "NaN is no number of JSON"),
    ("[-Infinity]", "-Infinity is no number of JSON"),
    ("1e400", "too large"),
    ("1" * 400, "too large"),
    ("1" * 5000, "Exceeds the limit"),
    ('"\\ud800"', "half a surrogate pair"),
    ('{"\\ud800": 1}', "half a surrogate pair"),
    ('"\x01"', "control character '\\x01' at 2"),
    ('"\x85"', "control character"),
    ("[[[1]]]", "is nested deeper than 3"),
    ("[" * 100_000, "is nested deeper than 3"),
    (5, "must be text, is of type int"),
    (None, "is missing"),
    (" " * 200_001, "has 200001 bytes, more than 200000"),
]


@pytest.mark.parametrize(("text", "reason"), BROKEN, ids=[reason for _, reason in BROKEN])
def test_what_cannot_be_parsed(step: Any, text: Any, reason: str) -> None:
    limits = {"max_nesting_depth": 3, "max_json_size": 200_000}
    with pytest.raises(ChangeError) as caught:
        step(_config(**limits))("insert", "n", "N", {"p": text})
    assert "middleware 'm': property 'p': " in str(caught.value)
    assert reason in str(caught.value)
    skips = step(_config(**limits, on_error="skip"))
    assert skips("insert", "n", "N", {"p": text}) == [("insert", "n", "N", {"p": text})]


@pytest.mark.parametrize(
    ("text", "depth"), [("1", 1), ("[]", 1), ("[1]", 2), ('{"a": [1]}', 3)]
)
def test_depth_is_counted_with_the_scalar(step: Any, text: str, depth: int) -> None:
    assert step(_config(max_nesting_depth=depth))("insert", "n", "N", {"p": text})
    if depth > 1:
        with pytest.raises(ChangeError, match=f"deeper than {depth - 1}"):
            step(_config(max_nesting_depth=depth - 1))("insert", "n", "N", {"p": text})


def test_an_update_of_a_part_and_a_delete_pass(step: Any) -> None:
    parse = step(_config(output_property="o"))
    assert parse("update", "n", None, {"q": 1}) == [("update", "n", None, {"q": 1})]
    assert parse("update", "n", None, {"p": None}) == [
        ("update", "n", None, {"p": None, "o": None})
    ]
    assert parse("delete", "n", "N") == [("delete", "n", "N", {})]


_, PARSE = build({"name": "p", **_config()}, place="m")
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(values)
def test_round_trip(value: Any) -> None:
    (made,) = PARSE(Change("insert", "n", ("N",), {"p": json.dumps(value)}))
    assert identical(made.properties["p"], value)
    accept(made)
