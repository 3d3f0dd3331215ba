"""Python functions as middleware."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from drasi_nb.errors import ChangeError
from drasi_nb.middleware import Pipeline, build
from drasi_nb.values.change import Change

N = Change("insert", "n", ("N",), {"x": 1})


def none(change: Change) -> None:
    return None


def same(change: Change) -> Change:
    return change


def alters(change: Change) -> Change:
    change.properties["y"] = 2  # type: ignore[index]
    change.labels = ("M",)
    return change


def twice(change: Change) -> Iterator[Change]:
    yield change
    yield replace(change, id="m")


class Callable:
    def __call__(self, change: Change) -> list[Change]:
        return [change]


@pytest.mark.parametrize(
    ("function", "name", "expected"),
    [
        (none, "none", []),
        (same, "same", [N]),
        (alters, "alters", [Change("insert", "n", ("M",), {"x": 1, "y": 2})]),
        (twice, "twice", [N, replace(N, id="m")]),
        (lambda change: (), "<lambda>", []),
        (Callable(), "Callable", [N]),
        (partial(same), "partial", [N]),
    ],
)
def test_what_a_function_returns(function: Any, name: str, expected: list[Change]) -> None:
    given_name, middleware = build(function, place="m")
    assert given_name == name
    change = replace(N, properties={"x": 1})
    assert Pipeline([(name, middleware)])(change) == expected
    assert change == N


def test_a_function_without_a_signature_is_taken() -> None:
    assert build(max, place="m")[0] == "max"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda change: 5, "returned a value of type int; return a Change"),
        (lambda change: {"op": "insert"}, "returned a value of type dict"),
        (lambda change: "x", "returned a value of type str"),
        (
            lambda change: [change, None],
            "returned an iterable with a value of type NoneType in it",
        ),
        (lambda change: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda change: replace(change, op="upsert"), "unknown op 'upsert'"),
        (lambda change: replace(change, id=None), "the id is missing"),
        (
            lambda change: replace(change, properties={"x": object()}),
            "property 'x' has a value of type object",
        ),
        (lambda change: replace(change, start_id="a"), "a relation needs both ends"),
    ],
)
def test_what_is_refused(function: Any, reason: str) -> None:
    pipeline = Pipeline([("f", build(function, place="m")[1])])
    with pytest.raises(ChangeError) as caught:
        pipeline(N)
    assert f"middleware 'f': {reason}" in caught.value.reason
    assert caught.value.element_id == "n"
