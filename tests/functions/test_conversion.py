from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drasi_nb.values.arithmetic import INT_MAX, INT_MIN
from drasi_nb.values.graph import Node, Path, Relation
from drasi_nb.values.temporal.text import temporal
from tests.functions.cases import INF, NAN, OVERFLOW, TYPE, Case, check, named, run

NODE, RELATION = Node("n"), Relation("r", "T", "n", "m")
PATH = Path([NODE], [])

CASES: list[Case] = [
    ("toInteger", [82.9], 82),
    ("toInteger", [-82.9], -82),
    ("toInteger", [7], 7),
    ("toInteger", [True], 1),
    ("toInteger", [False], 0),
    ("toInteger", ["42"], 42),
    ("toInteger", [" -42 "], -42),
    ("toInteger", ["1.7"], 1),
    ("toInteger", ["-0.9"], 0),
    ("toInteger", [".5"], 0),
    ("toInteger", ["1e3"], 1000),
    ("toInteger", ["foo"], None),
    ("toInteger", [""], None),
    ("toInteger", ["1_000"], None),
    ("toInteger", ["0x1F"], None),
    ("toInteger", ["\u0664"], None),  # an Arabic digit, which Python would read
    ("toInteger", ["NaN"], None),
    ("toInteger", ["9223372036854775807"], INT_MAX),
    ("toInteger", ["-9223372036854775808.9"], INT_MIN),
    ("toInteger", ["9223372036854775808"], OVERFLOW),
    ("toInteger", ["1e999999999999999999999"], OVERFLOW),
    ("toInteger", ["1e-999999999999999999999"], 0),
    ("toInteger", ["9" * 5000], OVERFLOW),
    ("toInteger", [1e19], OVERFLOW),
    ("toInteger", [INF], OVERFLOW),
    ("toInteger", [NAN], OVERFLOW),
    ("toInteger", [None], None),
    *[("toInteger", [value], TYPE) for value in ([], {}, NODE, RELATION, PATH)],
    ("toIntegerOrNull", ["7"], 7),
    ("toIntegerOrNull", [[]], None),
    ("toIntegerOrNull", [1e19], None),
    ("toIntegerOrNull", [None], None),
    (
        "toIntegerList",
        [["2", 2.9, "foo", None, True, [], 1e19]],
        [2, 2, None, None, 1, None, None],
    ),
    ("toIntegerList", [[]], []),
    ("toIntegerList", [None], None),
    ("toIntegerList", ["12"], TYPE),
    ("toFloat", [1], 1.0),
    ("toFloat", [1.5], 1.5),
    ("toFloat", [" 11.5 "], 11.5),
    ("toFloat", ["1"], 1.0),
    ("toFloat", ["1e400"], INF),
    ("toFloat", ["-Infinity"], -INF),
    ("toFloat", ["NaN"], NAN),
    ("toFloat", ["inf"], None),
    ("toFloat", ["1_0"], None),
    ("toFloat", [""], None),
    ("toFloat", ["."], None),
    ("toFloat", [None], None),
    *[("toFloat", [value], TYPE) for value in (True, [], {}, NODE, RELATION, PATH)],
    ("toFloatOrNull", ["1.5"], 1.5),
    ("toFloatOrNull", [True], None),
    ("toFloatOrNull", [None], None),
    ("toFloatList", [["1.5", 2, "x", None, True]], [1.5, 2.0, None, None, None]),
    ("toFloatList", [None], None),
    ("toFloatList", [1.5], TYPE),
    ("toBoolean", [True], True),
    ("toBoolean", ["TRUE"], True),
    ("toBoolean", [" false "], False),
    ("toBoolean", ["yes"], None),
    ("toBoolean", [""], None),
    ("toBoolean", [0], False),
    ("toBoolean", [-2], True),
    ("toBoolean", [None], None),
    *[("toBoolean", [value], TYPE) for value in (1.0, [], {}, NODE, RELATION, PATH)],
    ("toBooleanOrNull", ["True"], True),
    ("toBooleanOrNull", [1.0], None),
    ("toBooleanOrNull", [None], None),
    ("toBooleanList", [["true", 0, "x", None, 1.5]], [True, False, None, None, None]),
    ("toBooleanList", [None], None),
    ("toBooleanList", [True], TYPE),
    ("toString", [42], "42"),
    ("toString", [1.0], "1.0"),
    ("toString", [-0.1], "-0.1"),
    ("toString", [INF], "Infinity"),
    ("toString", [-INF], "-Infinity"),
    ("toString", [NAN], "NaN"),
    ("toString", [True], "true"),
    ("toString", [False], "false"),
    ("toString", ["é"], "é"),
    ("toString", [temporal("date", "2015-07-21")], "2015-07-21"),
    ("toString", [temporal("localtime", "12:30:05")], "12:30:05"),
    ("toString", [None], None),
    *[("toString", [value], TYPE) for value in ([], {}, NODE, RELATION, PATH)],
    ("toStringOrNull", [1], "1"),
    ("toStringOrNull", [{}], None),
    ("toStringOrNull", [None], None),
    ("toStringList", [[1, 1.5, None, [], "é"]], ["1", "1.5", None, None, "é"]),
    ("toStringList", [None], None),
    ("toStringList", ["a"], TYPE),
]


@pytest.mark.parametrize(("name", "args", "expected"), named(CASES))
def test_case(name: str, args: list[Any], expected: Any) -> None:
    check(name, args, expected)


@given(st.integers(INT_MIN, INT_MAX))
def test_an_integer_survives_its_text(value: int) -> None:
    assert run("toInteger", run("toString", value)) == value


@given(st.floats(allow_nan=False))
def test_a_float_survives_its_text(value: float) -> None:
    assert run("toFloat", run("toString", value)) == value


@given(st.booleans())
def test_a_boolean_survives_its_text(value: bool) -> None:
    assert run("toBoolean", run("toString", value)) is value
