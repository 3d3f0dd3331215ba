"""Functions of lists. A list given is never changed."""

from __future__ import annotations

import math
import statistics
from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import bad_argument, scalar
from drasi_nb.values.logic import eq
from drasi_nb.values.ordering import group_key, order_key

_Scalar = str | float  # stands for any value that is no list
MOST_ITEMS = 10_000_000
"""Longest list that range() makes: one expression must not exhaust a kernel's memory."""


@scalar("head", "LIST -> ANY")
def head(items: list[Any]) -> Any:
    """Return the first item, or null of an empty list.

    Source:
        Cypher function ``head()``, Neo4j Cypher manual, "Scalar functions".
    """
    return items[0] if items else None


@scalar("last", "LIST -> ANY")
def last(items: list[Any]) -> Any:
    """Return the last item, or null of an empty list.

    Source:
        Cypher function ``last()``, Neo4j Cypher manual, "Scalar functions".
    """
    return items[-1] if items else None


@scalar("tail", "LIST -> LIST")
def tail(items: list[Any]) -> list[Any]:
    """Return all items but the first; an empty list of an empty list.

    Source:
        Cypher function ``tail()``, Neo4j Cypher manual, "List functions".
    """
    return items[1:]


@scalar("range", "INTEGER, INTEGER, [INTEGER] -> LIST")
def range_(start: int, end: int, step: int = 1) -> list[int]:
    """Return the integers from ``start`` to ``end``, both included, by ``step``.

    Empty where the step leads away from the end.

    Raises:
        EvaluationError: The step is 0, or there would be more than ``MOST_ITEMS`` items.

    Examples:
        >>> range_(0, -10, -3)
        [0, -3, -6, -9]

    Source:
        Cypher function ``range()``, openCypher TCK List11.
    """
    if step == 0:
        raise bad_argument("range", 3, "not be 0", step)
    count = (end - start) // step + 1
    if count > MOST_ITEMS:
        raise EvaluationError(
            f"range({start}, {end}, {step}) has {count} items, the most is {MOST_ITEMS}",
            code="argument",
        )
    return list(range(start, end + (1 if step > 0 else -1), step))


@scalar("isEmpty", "STRING | LIST | MAP -> BOOLEAN")
def is_empty(value: Any) -> bool:
    """Return whether a text, list or map holds nothing.

    Source:
        Cypher function ``isEmpty()``, Neo4j Cypher manual, "Predicate functions".
    """
    return len(value) == 0


@scalar("coll.distinct", "LIST -> LIST")
def coll_distinct(items: list[Any]) -> list[Any]:
    """Return the first of each group of equal items, in order.

    Equal is what DISTINCT takes for equal: 1 and 1.0, NaN and NaN, null and null.

    Source:
        Drasi function ``coll.distinct()``, which keeps 1 beside 1.0.
    """
    kept = dict[Any, Any]()
    for item in items:
        kept.setdefault(group_key(item), item)
    return list(kept.values())


@scalar("coll.indexOf", "LIST, ANY -> INTEGER")
def coll_index_of(items: list[Any], value: Any) -> int:
    """Return the position of the first item that ``= value``, from 0, or -1.

    Source:
        Drasi function ``coll.indexOf()``.
    """
    return next((place for place, item in enumerate(items) if eq(item, value) is True), -1)


@scalar("coll.insert", "LIST, INTEGER, ANY -> LIST", nulls="pass")
def coll_insert(items: list[Any] | None, index: int | None, value: Any) -> list[Any] | None:
    """Return the list with ``value``, which may be null, before position ``index``.

    A null list or index gives null.

    Raises:
        EvaluationError: The index is negative or beyond the length.

    Source:
        Drasi function ``coll.insert()``.
    """
    if items is None or index is None:
        return None
    if not 0 <= index <= len(items):
        raise bad_argument("coll.insert", 2, f"be in 0 to {len(items)}", index)
    return [*items[:index], value, *items[index:]]


@scalar("drasi.listMax", "ANY -> ANY")
def list_max(items: list[Any] | _Scalar) -> Any:
    """Return the last item in the order of ORDER BY, nulls left out; null if none is left.

    A value that is no list is returned as it is.

    Source:
        Drasi function ``drasi.listMax()``.
    """
    known = _known(items)
    return items if known is None else max(known, key=order_key, default=None)


@scalar("drasi.listMin", "ANY -> ANY")
def list_min(items: list[Any] | _Scalar) -> Any:
    """Return the first item in the order of ORDER BY, nulls left out; null if none is left.

    A value that is no list is returned as it is.

    Source:
        Drasi function ``drasi.listMin()``, which gives null when the first item is null.
    """
    known = _known(items)
    return items if known is None else min(known, key=order_key, default=None)


@scalar("drasi.stdevp", "LIST -> FLOAT")
def list_stdevp(items: list[Any]) -> float | None:
    """Return the standard deviation of the numbers of a list as a whole population; null of none.

    Items that are no numbers are left out.

    Source:
        Drasi function ``drasi.stdevp()``.
    """
    numbers = [item for item in items if type(item) in (int, float)]
    if not all(map(math.isfinite, numbers)):
        return math.nan
    return float(statistics.pstdev(numbers)) if numbers else None


def _known(value: list[Any] | _Scalar) -> list[Any] | None:
    if not isinstance(value, list):
        return None
    return [item for item in value if item is not None]
