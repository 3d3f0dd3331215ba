"""Shared by the tables: calling by name, and comparing values with their types."""

from __future__ import annotations

import math
from typing import Any

import pytest

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import lookup
from drasi_nb.values.ordering import identical

NAN, INF = math.nan, math.inf
TYPE, RANGE, OVERFLOW = "error:type", "error:argument", "error:integer-overflow"
Case = tuple[str, list[Any], Any]  # (function, arguments, result or error)


def run(name: str, *args: Any) -> Any:
    """Return the value of a call."""
    function = lookup(name)
    assert function is not None, name
    return function.call(*args)


def check(name: str, args: list[Any], expected: Any) -> None:
    """Assert a row of a table; an expected "error:code" is an EvaluationError."""
    if isinstance(expected, str) and expected.startswith("error:"):
        with pytest.raises(EvaluationError, match=rf"{name}\(") as caught:
            run(name, *args)
        assert caught.value.code == expected.removeprefix("error:")
        return
    actual = run(name, *args)
    assert identical(actual, expected), f"{actual!r} is not {expected!r}"


def named(cases: list[Case]) -> list[Any]:
    """Return the rows as pytest parameters with readable ids."""
    return [pytest.param(*case, id=f"{case[0]}{case[1]!r}") for case in cases]
