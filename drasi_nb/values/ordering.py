"""The total order of values, and the keys under which equal values are one.

Source: openCypher 9, "Orderability and equivalence".
"""

from __future__ import annotations

from typing import Any

from drasi_nb.values.graph import Node, Path, Relation
from drasi_nb.values.temporal.types import (
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
)

_RANK: dict[type, int] = {
    dict: 0,
    Node: 1,
    Relation: 2,
    list: 3,
    tuple: 3,
    Path: 4,
    DateTime: 5,
    LocalDateTime: 6,
    Date: 7,
    Time: 8,
    LocalTime: 9,
    Duration: 10,
    str: 11,
    bool: 12,
    int: 13,
    float: 13,
}
_NAN, _NULL = (14,), (15,)


def order_key(value: Any) -> tuple[Any, ...]:
    """Return a key that sorts any two values; null last, NaN before it, 1 before 1.0."""
    kind = type(value)
    if kind is str:
        return (11, value)
    if kind is int:
        return (13, value, 0)
    if kind is float:
        return (13, value, 1) if value == value else _NAN
    if value is None:
        return _NULL
    if kind is bool:
        return (12, value)
    if kind is list or kind is tuple:
        return (3, tuple(order_key(item) for item in value))
    if kind is dict:
        keys = sorted(value)
        return (0, tuple(keys), tuple(order_key(value[key]) for key in keys))
    if kind is Node or kind is Relation:
        return (_RANK[kind], value.source or "", order_key(value.id))
    if kind is Path:
        steps = [*value.nodes, *value.relations]
        return (4, len(value), tuple(order_key(step) for step in steps))
    if kind is Duration:
        return (10, *value.order)
    return (_RANK.get(kind, 16), value)


def group_key(value: Any) -> Any:
    """Return a hashable key, equal for values that group together (1 and 1.0, NaN and NaN).

    Inside lists and maps, 1 and 1.0 stay apart.
    """
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if kind is float:
        return value if value == value else _NAN
    if kind is bool:
        return (12, value)
    if kind is Node:
        return (1, value.source, value.id)
    if kind is Relation:
        return (2, value.source, value.id)
    return order_key(value)


def unsigned_zero(value: Any) -> Any:
    """Return 0.0 for -0.0, which is equal to it, and every other value as it is.

    Of equal values one stands for all; which came first must not decide its sign.
    """
    return value + 0.0 if type(value) is float else value


def identical(a: Any, b: Any) -> bool:
    """Return whether two values are the same value of the same type: 1 is not 1.0.

    NaN is identical to NaN, 0.0 is not identical to -0.0, and elements are compared with
    their labels and properties.
    """
    if a is b:
        return True
    kind = type(a)
    if kind is not type(b):
        return False
    if kind is str or kind is int:
        return bool(a == b)
    if kind is float:
        if a == b:
            return a != 0 or str(a) == str(b)
        return bool(a != a and b != b)
    if kind is list or kind is tuple:
        if len(a) != len(b):
            return False
        for x, y in zip(a, b, strict=True):  # noqa: SIM110 - the loop is twice as fast
            if x is not y and not identical(x, y):
                return False
        return True
    if kind is dict:
        if a.keys() != b.keys():
            return False
        for key, x in a.items():
            y = b[key]
            if x is not y and not identical(x, y):
                return False
        return True
    if kind is Node:
        return a == b and a.labels == b.labels and identical(a.properties, b.properties)
    if kind is Relation:
        ends = (a.type, a.start, a.end) == (b.type, b.start, b.end)
        return a == b and ends and identical(a.properties, b.properties)
    if kind is Path:
        return identical(a.nodes, b.nodes) and identical(a.relations, b.relations)
    return bool(a == b)


def unchanged(a: Any, b: Any) -> bool:
    """Return whether two values are identical, and their elements of the same change."""
    return identical(a, b) and _stamps(a) == _stamps(b)


def _stamps(value: Any) -> Any:
    kind = type(value)
    if kind is Node or kind is Relation:
        return value.stamp
    if kind is list or kind is tuple:
        return [stamps for item in value if (stamps := _stamps(item))]
    if kind is dict:
        return [stamps for item in value.values() if (stamps := _stamps(item))]
    return _stamps([*value.nodes, *value.relations]) if kind is Path else None


def descending_key(value: Any) -> tuple[Any, ...]:
    """Return a key that sorts any two values the other way round than ``order_key``."""
    key = order_key(value)
    if key[0] == _RANK[int]:  # the common case, in keys that compare fast
        return (-key[0], -key[1], -key[2])
    return (-key[0], Descending(key))


class Descending:
    """An order key that compares the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __lt__(self, other: Descending) -> bool:
        return bool(other.key < self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and bool(self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)
