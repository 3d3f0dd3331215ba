from __future__ import annotations

import contextlib
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drasi_nb.errors import EvaluationError
from drasi_nb.functions import FAMILIES, registry
from drasi_nb.functions.aggregates import AGGREGATES
from drasi_nb.functions.own import functions
from drasi_nb.functions.registry import (
    Function,
    arity_text,
    function_names,
    lookup,
    parse_signature,
    scalar,
    similar,
)
from drasi_nb.values.arithmetic import INT_MAX, INT_MIN
from drasi_nb.values.graph import Node, Path, Relation
from drasi_nb.values.temporal.text import from_python
from tests.functions import (
    test_conversion,
    test_elements,
    test_lists,
    test_numeric,
    test_strings,
    test_temporal,
    test_windows,
)

TABLES = [
    test_conversion, test_elements, test_lists, test_numeric, test_strings, test_temporal, test_windows,
]  # fmt: skip


def named(name: str) -> Function:
    function = lookup(name)
    assert function is not None, name
    return function


@pytest.fixture
def empty_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_functions", {})


ALL = [named(name) for name in function_names()]
each = pytest.mark.parametrize("function", ALL, ids=lambda function: function.name)


@each
def test_docstring_says_what_comes_back_and_from_where(function: Function) -> None:
    assert function.doc.startswith("Return ")
    assert "Source:\n" in function.doc
    assert function.name in function.doc.partition("Source:\n")[2]


@each
def test_signature_is_what_was_parsed(function: Function) -> None:
    read = (function.parameters, function.optional, function.variadic, function.result)
    assert parse_signature(function.signature) == read


@each
def test_has_at_least_three_rows_in_the_tables(function: Function) -> None:
    rows = [case for table in TABLES for case in table.CASES if case[0] == function.name]
    assert len(rows) >= (3 if function.parameters else 1)


@each
def test_null_propagates(function: Function) -> None:
    if function.nulls == "propagate" and function.parameters:
        assert function.call(*[None] * len(function.parameters)) is None


elements = st.sampled_from(
    [Node("n", ("A",), {"k": 1}), Relation("r", "T", 1, 2), Path([Node(1)], [])]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(INT_MIN, INT_MAX)
    | st.integers(-2, 20)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["1e99", "NFC", "UP", "", "true"])
    | st.one_of(st.dates(), st.datetimes(), st.times(), st.timedeltas()).map(from_python)
    | elements,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)


@each
@settings(max_examples=40)
@given(data=st.data())
def test_no_value_raises_anything_but_an_evaluation_error(
    function: Function, data: st.DataObject
) -> None:
    most = len(function.parameters) + (2 if function.variadic else 0)
    least = len(function.parameters) - function.optional
    if function.name == "range":  # a long list would only be slow
        args = data.draw(
            st.lists(st.integers(-9, 9) | st.none(), min_size=least, max_size=most)
        )
    else:
        args = data.draw(st.lists(values, min_size=least, max_size=most))
    before = repr(args)
    with contextlib.suppress(EvaluationError):
        result = function.call(*args)
        assert result is None or _fits(result, function.result)
    assert repr(args) == before


def _fits(value: Any, result: str) -> bool:
    kinds = {
        "BOOLEAN": bool, "INTEGER": int, "FLOAT": float,
        "STRING": str, "LIST": list, "MAP": dict,
    }  # fmt: skip
    if type(value) is int and not INT_MIN <= value <= INT_MAX:
        return False
    if result == "NUMBER":
        return type(value) in (int, float)
    return result == "ANY" or type(value) is kinds[result]


def test_an_error_names_function_place_and_type() -> None:
    with pytest.raises(EvaluationError) as caught:
        named("left").call("ab", 1.5)
    assert str(caught.value) == "argument 2 of left() must be INTEGER, got FLOAT"
    with pytest.raises(EvaluationError) as caught:
        named("size").call({})
    assert str(caught.value) == "argument 1 of size() must be STRING or LIST, got MAP"
    with pytest.raises(EvaluationError) as caught:
        named("substring").call("ab", 0, True)
    assert str(caught.value) == "argument 3 of substring() must be INTEGER, got BOOLEAN"
    with pytest.raises(EvaluationError) as caught:
        named("substring").call("ab", -1)
    assert str(caught.value) == "argument 2 of substring() must be 0 or more, got -1"


def test_names_ignore_case() -> None:
    assert lookup("TOUPPER") is lookup("toUpper") is named("toupper")
    assert lookup("nothing") is None
    assert function_names() == sorted(function_names(), key=str.lower)


def test_similar_names_come_best_first() -> None:
    assert similar("toUper")[0] == "toUpper"
    assert similar("COALESC")[0] == "coalesce"
    assert similar("zzzzzz") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pi", "no arguments"),
        ("size", "1 argument"),
        ("left", "2 arguments"),
        ("substring", "2 to 3 arguments"),
        ("coalesce", "1 or more arguments"),
    ],
)
def test_arity_text(name: str, text: str) -> None:
    assert arity_text(named(name)) == text


def test_frame_has_one_row_per_function() -> None:
    frame = functions()
    assert frame.columns == ["name", "kind", "signature", "nulls", "summary"]
    assert frame.filter(kind="scalar")["name"].to_list() == function_names()
    assert not frame.filter(pl.col("summary") == "").height
    row = frame.row(by_predicate=pl.col("name") == "pi", named=True)
    assert row["summary"] == "Return half a turn in radians, 3.141592653589793."


def test_aggregates_are_no_functions() -> None:
    for name in AGGREGATES:
        assert lookup(name) is None
        assert name == name.lower()


def test_aggregates_have_signatures() -> None:
    assert set(AGGREGATES) == {
        "count", "sum", "avg", "min", "max", "collect", "stdev", "stdevp", "percentilecont",
        "percentiledisc", "drasi.last", "drasi.lineargradient",
    }  # fmt: skip
    for aggregate in AGGREGATES.values():
        parse_signature(aggregate.signature)


def test_families_hold_every_function() -> None:
    assert {function.call.__module__ for function in ALL} <= {
        registry.__name__, *(family.__name__ for family in FAMILIES)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("signature", "read"),
    [
        ("-> FLOAT", ((), 0, False, "FLOAT")),
        ("STRING -> INTEGER", (("STRING",), 0, False, "INTEGER")),
        ("STRING, [INTEGER], [ANY] -> ANY", (("STRING", "INTEGER", "ANY"), 2, False, "ANY")),
        ("MAP|NODE, ANY... -> LIST", (("MAP | NODE", "ANY"), 0, True, "LIST")),
    ],
)
def test_parse_signature(signature: str, read: tuple[Any, ...]) -> None:
    assert parse_signature(signature) == read


@pytest.mark.parametrize(
    "signature",
    ["STRING", "TEXT -> STRING", "STRING -> TEXT", "[ANY], ANY -> ANY", "ANY..., ANY -> ANY"],
)
def test_a_wrong_signature_is_refused(signature: str) -> None:
    with pytest.raises(ValueError, match=r"result type|unknown type|stands behind"):
        parse_signature(signature)


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="TOUPPER"):
        scalar("TOUPPER", "STRING -> STRING")(str.upper)


@pytest.mark.usefixtures("empty_registry")
def test_null_rules_by_arity() -> None:
    def seen(*args: Any) -> tuple[Any, ...]:
        """Return the arguments."""
        return args

    scalar("one", "ANY -> ANY")(seen)
    scalar("two", "ANY, STRING -> ANY")(seen)
    scalar("many", "ANY, STRING... -> ANY")(seen)
    scalar("passes", "ANY, [STRING] -> ANY", nulls="pass")(seen)
    assert (named("one").call(None), named("one").call(1)) == (None, (1,))
    assert named("two").call(None, 1) is named("two").call(1, None) is None
    assert named("two").call(1, "a") == (1, "a")
    assert named("many").call(1, "a", None) is None
    assert named("many").call(1, "a", "b") == (1, "a", "b")
    assert named("passes").call(None, None) == (None, None)
    for name, args in (("two", (1, 2)), ("many", (1, "a", 2)), ("passes", (None, 1))):
        with pytest.raises(EvaluationError, match=f"of {name}\\(\\) must be STRING"):
            named(name).call(*args)
