from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drasi_nb.values.arithmetic import INT_MAX, INT_MIN
from tests.functions.cases import INF, NAN, OVERFLOW, RANGE, TYPE, Case, check, named, run

CASES: list[Case] = [
    ("abs", [-3], 3),
    ("abs", [-3.5], 3.5),
    ("abs", [INT_MAX], INT_MAX),
    ("abs", [INT_MIN], OVERFLOW),
    ("abs", [-INF], INF),
    ("abs", [None], None),
    ("abs", [True], TYPE),
    ("ceil", [1.2], 2.0),
    ("ceil", [-1.2], -1.0),
    ("ceil", [-0.5], 0.0),
    ("ceil", [3], 3.0),
    ("ceil", [INF], INF),
    ("ceil", [NAN], NAN),
    ("ceil", [None], None),
    ("ceil", ["1"], TYPE),
    ("floor", [1.8], 1.0),
    ("floor", [-1.2], -2.0),
    ("floor", [3], 3.0),
    ("floor", [-INF], -INF),
    ("floor", [None], None),
    ("floor", [[]], TYPE),
    ("round", [1.5], 2.0),
    ("round", [-1.5], -1.0),
    ("round", [2.5], 3.0),
    ("round", [-2.5], -2.0),
    ("round", [0.49999999999999994], 0.0),
    ("round", [4503599627370497.5], 4503599627370498.0),
    ("round", [1e300], 1e300),
    ("round", [7], 7.0),
    ("round", [NAN], NAN),
    ("round", [-INF], -INF),
    ("round", [NAN, 2], NAN),
    ("round", [3.141592, 3], 3.142),
    ("round", [-1.5, 0], -1.0),
    ("round", [1.005, 2], 1.01),
    ("round", [-1.005, 2], -1.01),
    ("round", [12345, 2], 12345.0),
    ("round", [1e308, 300], 1e308),
    ("round", [5e-324, 324], 5e-324),
    ("round", [1.25, INT_MAX], 1.25),
    ("round", [1.55, 1, "UP"], 1.6),
    ("round", [-1.51, 1, "UP"], -1.6),
    ("round", [-1.55, 1, "DOWN"], -1.5),
    ("round", [-1.55, 1, "CEILING"], -1.5),
    ("round", [-1.55, 1, "FLOOR"], -1.6),
    ("round", [-1.5, 0, "HALF_UP"], -2.0),
    ("round", [1.55, 1, "half_down"], 1.5),
    ("round", [2.5, 0, "HALF_EVEN"], 2.0),
    ("round", [1.5, -1], RANGE),
    ("round", [1.5, 1, "SIDEWAYS"], RANGE),
    ("round", [1.5, None], None),
    ("round", [1.5, 1.0], TYPE),
    ("round", ["1.5"], TYPE),
    ("sign", [-7], -1),
    ("sign", [0.0], 0),
    ("sign", [2.5], 1),
    ("sign", [NAN], 0),
    ("sign", [None], None),
    ("sign", [False], TYPE),
    ("isNaN", [NAN], True),
    ("isNaN", [1], False),
    ("isNaN", [INF], False),
    ("isNaN", [None], None),
    ("isNaN", ["NaN"], TYPE),
    ("sqrt", [9], 3.0),
    ("sqrt", [-1], NAN),
    ("sqrt", [INF], INF),
    ("sqrt", [NAN], NAN),
    ("sqrt", [None], None),
    ("sqrt", ["9"], TYPE),
    ("exp", [0], 1.0),
    ("exp", [710], INF),
    ("exp", [-INF], 0.0),
    ("exp", [None], None),
    ("exp", [True], TYPE),
    ("log", [1], 0.0),
    ("log", [0], -INF),
    ("log", [-1], NAN),
    ("log", [NAN], NAN),
    ("log", [INF], INF),
    ("log", [None], None),
    ("log", ["1"], TYPE),
    ("log10", [1000], 3.0),
    ("log10", [0.0], -INF),
    ("log10", [-0.1], NAN),
    ("log10", [None], None),
    ("log10", [{}], TYPE),
    ("e", [], math.e),
    ("pi", [], math.pi),
    ("sin", [0], 0.0),
    ("sin", [math.pi / 2], 1.0),
    ("sin", [INF], NAN),
    ("sin", [None], None),
    ("sin", ["0"], TYPE),
    ("cos", [0], 1.0),
    ("cos", [-INF], NAN),
    ("cos", [None], None),
    ("cos", [True], TYPE),
    ("tan", [0], 0.0),
    ("tan", [INF], NAN),
    ("tan", [None], None),
    ("tan", [[]], TYPE),
    ("cot", [0], INF),
    ("cot", [-0.0], -INF),
    ("cot", [INF], NAN),
    ("cot", [None], None),
    ("cot", ["1"], TYPE),
    ("asin", [1], math.pi / 2),
    ("asin", [1.1], NAN),
    ("asin", [NAN], NAN),
    ("asin", [None], None),
    ("asin", ["1"], TYPE),
    ("acos", [1], 0.0),
    ("acos", [-2], NAN),
    ("acos", [None], None),
    ("acos", [False], TYPE),
    ("atan", [INF], math.pi / 2),
    ("atan", [0], 0.0),
    ("atan", [None], None),
    ("atan", [{}], TYPE),
    ("atan2", [1, 0], math.pi / 2),
    ("atan2", [0, -1], math.pi),
    ("atan2", [None, 1], None),
    ("atan2", [1, None], None),
    ("atan2", [1, "0"], TYPE),
    ("degrees", [math.pi], 180.0),
    ("degrees", [0], 0.0),
    ("degrees", [None], None),
    ("degrees", ["pi"], TYPE),
    ("radians", [180], math.pi),
    ("radians", [-INF], -INF),
    ("radians", [None], None),
    ("radians", [True], TYPE),
    ("haversin", [math.pi], 1.0),
    ("haversin", [0], 0.0),
    ("haversin", [INF], NAN),
    ("haversin", [None], None),
    ("haversin", ["0"], TYPE),
]


@pytest.mark.parametrize(("name", "args", "expected"), named(CASES))
def test_case(name: str, args: list[Any], expected: Any) -> None:
    check(name, args, expected)


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite)
def test_round_is_the_nearest_whole_number_and_ties_go_up(x: float) -> None:
    whole = run("round", x)
    assert type(whole) is float
    assert whole in (run("floor", x), run("ceil", x))
    if run("ceil", x) - x <= x - run("floor", x):
        assert whole == run("ceil", x)


@given(
    finite, st.integers(1, 6), st.sampled_from(["UP", "DOWN", "CEILING", "FLOOR", "HALF_EVEN"])
)
def test_rounding_twice_changes_nothing(x: float, precision: int, mode: str) -> None:
    once = run("round", x, precision, mode)
    assert run("round", once, precision, mode) == once


@given(st.floats(-math.pi, math.pi))
def test_haversin_is_half_the_versine(angle: float) -> None:
    assert run("haversin", angle) == pytest.approx((1 - math.cos(angle)) / 2, abs=1e-15)
