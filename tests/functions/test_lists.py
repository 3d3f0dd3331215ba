from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drasi_nb.values.arithmetic import INT_MAX
from drasi_nb.values.awaiting import AWAITING
from tests.functions.cases import NAN, RANGE, TYPE, Case, check, named, run

CASES: list[Case] = [
    ("drasi.awaiting", [], AWAITING),
    ("head", [[1, 2]], 1),
    ("head", [[]], None),
    ("head", [[None, 1]], None),
    ("head", [None], None),
    ("head", ["ab"], TYPE),
    ("last", [[1, 2]], 2),
    ("last", [[]], None),
    ("last", [None], None),
    ("last", [{}], TYPE),
    ("tail", [[1, 2, 3]], [2, 3]),
    ("tail", [[1]], []),
    ("tail", [[]], []),
    ("tail", [None], None),
    ("tail", ["ab"], TYPE),
    ("range", [-1, 1], [-1, 0, 1]),
    ("range", [0, 0], [0]),
    ("range", [0, -1], []),
    ("range", [0, 1, -1], []),
    ("range", [0, -123, 1], []),
    ("range", [0, 1, 2], [0]),
    ("range", [1381, -3412, -1298], [1381, 83, -1215, -2513]),
    ("range", [-10, 10, 3], [-10, -7, -4, -1, 2, 5, 8]),
    ("range", [INT_MAX, INT_MAX], [INT_MAX]),
    ("range", [2, 8, 0], RANGE),
    ("range", [0, INT_MAX], RANGE),
    ("range", [0, None], None),
    ("range", [0, 1, None], None),
    *[
        ("range", args, TYPE)
        for wrong in (True, -1.1, 0.0, "xyz", [0], {"start": 0})
        for args in ([wrong, 1, 1], [0, wrong, 1], [0, 1, wrong])
    ],
    ("isEmpty", [""], True),
    ("isEmpty", [[None]], False),
    ("isEmpty", [{}], True),
    ("isEmpty", [{"a": None}], False),
    ("isEmpty", [None], None),
    ("isEmpty", [0], TYPE),
    ("coll.distinct", [[3, 1, 3, 2, 1]], [3, 1, 2]),
    ("coll.distinct", [[1, 1.0, True, "1"]], [1, True, "1"]),
    ("coll.distinct", [[None, NAN, None, NAN]], [None, NAN]),
    ("coll.distinct", [[[1], [1], {"a": 1}, {"a": 1}]], [[1], {"a": 1}]),
    ("coll.distinct", [[]], []),
    ("coll.distinct", [None], None),
    ("coll.distinct", ["aa"], TYPE),
    ("coll.indexOf", [["a", "b", "b"], "b"], 1),
    ("coll.indexOf", [[1, 2], 2.0], 1),
    ("coll.indexOf", [[None, 1], 1], 1),
    ("coll.indexOf", [[1, True], True], 1),
    ("coll.indexOf", [[], 1], -1),
    ("coll.indexOf", [[1], None], None),
    ("coll.indexOf", [None, 1], None),
    ("coll.indexOf", ["ab", "b"], TYPE),
    ("coll.insert", [[1, 3], 1, 2], [1, 2, 3]),
    ("coll.insert", [[1], 1, 2], [1, 2]),
    ("coll.insert", [[], 0, None], [None]),
    ("coll.insert", [[1], 2, 0], RANGE),
    ("coll.insert", [[1], -1, 0], RANGE),
    ("coll.insert", [None, 0, 1], None),
    ("coll.insert", [[1], None, 1], None),
    ("coll.insert", [[1], 0.0, 1], TYPE),
    ("coll.insert", ["a", 0, 1], TYPE),
    ("drasi.stdevp", [[2, 4, 4, 4, 5, 5, 7, 9]], 2.0),
    ("drasi.stdevp", [["a", None]], None),
    ("drasi.stdevp", [[1.5, NAN]], NAN),
    ("drasi.listMax", [[1, None, 2.5]], 2.5),
    ("drasi.listMax", [["é", "z"]], "é"),
    ("drasi.listMax", [["z", 1]], 1),
    ("drasi.listMax", [[]], None),
    ("drasi.listMax", [7], 7),
    ("drasi.listMax", [None], None),
    ("drasi.listMin", [[None, 2, 1.5]], 1.5),
    ("drasi.listMin", [["z", 1]], "z"),
    ("drasi.listMin", [[None]], None),
    ("drasi.listMin", ["x"], "x"),
    ("drasi.listMin", [None], None),
]


@pytest.mark.parametrize(("name", "args", "expected"), named(CASES))
def test_case(name: str, args: list[Any], expected: Any) -> None:
    check(name, args, expected)


small = st.integers(-200, 200)


@given(small, small, st.integers(-9, 9))
def test_range_has_one_item_per_step_that_fits(start: int, end: int, step: int) -> None:
    assume(step != 0)
    items = run("range", start, end, step)
    assert len(items) == max(0, (end - start) // step + 1)
    assert all(b - a == step for a, b in pairwise(items))
    assert not items or items[0] == start


@given(st.lists(small, min_size=1))
def test_head_and_tail_make_the_list(items: list[int]) -> None:
    assert [run("head", items), *run("tail", items)] == items
    assert run("last", items) == run("head", run("reverse", items))


@given(st.lists(st.integers(-3, 3) | st.floats(-3, 3) | st.none() | st.text(max_size=1)))
def test_distinct_keeps_first_places_in_order(items: list[Any]) -> None:
    kept = run("coll.distinct", items)
    assert run("coll.distinct", kept) == kept
    assert len(kept) == len({(type(i) is str, i) for i in items})
    assert [i for i in items if i is not None][:1] == [i for i in kept if i is not None][:1]


@given(st.lists(small), st.data())
def test_what_is_inserted_stands_there(items: list[int], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(items)))
    before = list(items)
    longer = run("coll.insert", items, index, "new")
    assert longer[index] == "new"
    assert longer[:index] + longer[index + 1 :] == before == items
