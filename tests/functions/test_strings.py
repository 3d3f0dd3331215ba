from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.cases import RANGE, TYPE, Case, check, named, run

FACE = "\U0001f600"  # one code point, two UTF-16 units, four bytes

CASES: list[Case] = [
    *[
        (name, args, result)
        for name in ("toUpper", "upper")
        for args, result in [
            (["aé"], "AÉ"), (["ß"], "SS"), ([""], ""),
            ([None], None), ([1], TYPE), ([True], TYPE),
        ]
    ],
    *[
        (name, args, result)
        for name in ("toLower", "lower")
        for args, result in [(["AÉ"], "aé"), ([FACE], FACE), ([None], None), ([["A"]], TYPE)]
    ],
    ("trim", [" \t a b\n "], "a b"),
    ("trim", ["\u2003é\u00a0"], "é"),
    ("trim", [None], None),
    ("trim", [1.0], TYPE),
    ("btrim", [" a "], "a"),
    ("btrim", ["xyaxbyx", "xy"], "axb"),
    ("btrim", ["xax", ""], "xax"),
    ("btrim", ["a", None], None),
    ("btrim", ["a", 1], TYPE),
    ("ltrim", [" a "], "a "),
    ("ltrim", ["xxax", "x"], "ax"),
    ("ltrim", [None], None),
    ("ltrim", [{}], TYPE),
    ("rtrim", [" a "], " a"),
    ("rtrim", ["xaxx", "x"], "xa"),
    ("rtrim", [None, "x"], None),
    ("rtrim", [0], TYPE),
    ("reverse", ["abc"], "cba"),
    ("reverse", [f"a{FACE}"], f"{FACE}a"),
    ("reverse", [[1, None, "x"]], ["x", None, 1]),
    ("reverse", [None], None),
    ("reverse", [12], TYPE),
    ("left", ["hello", 2], "he"),
    ("left", [f"{FACE}ab", 1], FACE),
    ("left", ["ab", 9], "ab"),
    ("left", ["ab", 0], ""),
    ("left", ["ab", -1], RANGE),
    ("left", ["ab", 1.0], TYPE),
    ("left", ["ab", True], TYPE),
    ("left", [None, -1], None),
    ("right", ["hello", 2], "lo"),
    ("right", [f"ab{FACE}", 1], FACE),
    ("right", ["ab", 9], "ab"),
    ("right", ["ab", 0], ""),
    ("right", ["ab", -1], RANGE),
    ("right", ["ab", None], None),
    ("right", [1, 1], TYPE),
    ("substring", ["hello", 1, 3], "ell"),
    ("substring", ["hello", 3], "lo"),
    ("substring", [f"{FACE}{FACE}b", 1, 1], FACE),
    ("substring", ["hello", 9, 3], ""),
    ("substring", ["hello", 3, 99], "lo"),
    ("substring", ["hello", 0, 0], ""),
    ("substring", ["hello", -1], RANGE),
    ("substring", ["hello", 1, -1], RANGE),
    ("substring", ["hello", 1, None], None),
    ("substring", [None, 1], None),
    ("substring", ["hello", "1"], TYPE),
    ("substring", ["hello", 1, 2.0], TYPE),
    ("replace", ["hello", "l", "w"], "hewwo"),
    ("replace", ["aaa", "aa", "b"], "ba"),
    ("replace", ["abc", "", "-"], "abc"),
    ("replace", [f"a{FACE}", FACE, "é"], "aé"),
    ("replace", ["a", None, "b"], None),
    ("replace", ["a", "a", 1], TYPE),
    ("split", ["a,b,c", ","], ["a", "b", "c"]),
    ("split", [",a,", ","], ["", "a", ""]),
    ("split", ["", ","], [""]),
    ("split", [f"a{FACE}", ""], ["a", FACE]),
    ("split", ["", ""], [""]),
    ("split", ["a,b;c", [",", ";"]], ["a", "b", "c"]),
    ("split", ["a--b-c", ["-", "--"]], ["a", "b", "c"]),
    ("split", ["a.b", ["", "."]], ["a", "b"]),
    ("split", ["ab", []], ["ab"]),
    ("split", ["ab", None], None),
    ("split", ["ab", 1], TYPE),
    ("split", ["ab", ["a", None]], TYPE),
    ("size", ["é"], 1),
    ("size", [FACE], 1),
    ("size", ["e\u0301"], 2),
    ("size", [""], 0),
    ("size", [[1, None, [2, 3]]], 3),
    ("size", [None], None),
    ("size", [{}], TYPE),
    *[
        (name, args, result)
        for name in ("char_length", "character_length")
        for args, result in [
            ([f"a{FACE}"], 2), ([""], 0), ([None], None), ([["a"]], TYPE), ([3], TYPE)
        ]
    ],
    ("normalize", ["e\u0301"], "é"),
    ("normalize", ["é", "NFD"], "e\u0301"),
    ("normalize", ["\ufb01", "nfkc"], "fi"),
    ("normalize", [None], None),
    ("normalize", ["a", "NFX"], RANGE),
    ("normalize", [1], TYPE),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "expected"), named(CASES))
def test_case(name: str, args: list[Any], expected: Any) -> None:
    check(name, args, expected)


@given(st.text() | st.lists(st.integers()))
def test_reversing_twice_changes_nothing(value: Any) -> None:
    assert run("reverse", run("reverse", value)) == value


@given(st.text(alphabet="ab,;é"), st.text(alphabet=",;a", min_size=0, max_size=2))
def test_joining_the_parts_gives_the_text_back(text: str, delimiter: str) -> None:
    assert delimiter.join(run("split", text, delimiter)) == text


@given(st.text(alphabet="ab,"))
def test_a_list_of_one_delimiter_splits_like_the_delimiter(text: str) -> None:
    assert run("split", text, [","]) == run("split", text, ",")


@given(st.text(), st.integers(0, 20))
def test_left_and_the_rest_make_the_text(text: str, length: int) -> None:
    assert run("left", text, length) + run("substring", text, length) == text
    rest = max(0, len(text) - length)
    assert run("left", text, rest) + run("right", text, length) == text
