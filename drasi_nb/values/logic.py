"""Three-valued logic and comparison: every null rule of the language is here.

None is null. Results are True, False or None. Comparisons never raise: values of types that
cannot be compared are null (``=`` gives False). Source: openCypher 9, "Comparability".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.values.awaiting import AWAITING, Awaiting
from drasi_nb.values.graph import Node, Path, Relation
from drasi_nb.values.temporal.types import TEMPORAL, TYPE_NAMES

_PLAIN = frozenset({int, float, str, bool, *TEMPORAL})
_NUMBERS = frozenset({int, float})


def type_name(value: Any) -> str:
    """Return Cypher's name of a value's type."""
    names: dict[type, str] = {
        type(None): "NULL",
        bool: "BOOLEAN",
        int: "INTEGER",
        float: "FLOAT",
        str: "STRING",
        list: "LIST",
        dict: "MAP",
        Node: "NODE",
        Relation: "RELATIONSHIP",
        Path: "PATH",
        Awaiting: "AWAITING",
        **TYPE_NAMES,
    }
    return names.get(type(value), type(value).__name__.upper())


def eq(a: Any, b: Any) -> bool | None:
    """Return ``a = b``."""
    if a is None or b is None:
        return None
    ta, tb = type(a), type(b)
    if ta is tb:
        if ta in _PLAIN:
            return bool(a == b)
        if ta is list:
            return _eq_all(a, b) if len(a) == len(b) else False
        if ta is dict:
            if a.keys() != b.keys():
                return False
            return _eq_all(list(a.values()), [b[key] for key in a])
        return bool(a == b)
    if ta in _NUMBERS and tb in _NUMBERS:
        return bool(a == b)
    return False


def _eq_all(left: list[Any], right: list[Any]) -> bool | None:
    unknown = False
    for a, b in zip(left, right, strict=True):
        same = eq(a, b)
        if same is False:
            return False
        unknown = unknown or same is None
    return None if unknown else True


def ne(a: Any, b: Any) -> bool | None:
    """Return ``a <> b``."""
    same = eq(a, b)
    return None if same is None else not same


def _comparable(a: Any, b: Any) -> bool:
    ta, tb = type(a), type(b)
    if ta in _NUMBERS:
        return tb in _NUMBERS
    return ta is tb and ta in _PLAIN


def lt(a: Any, b: Any) -> bool | None:
    """Return ``a < b``."""
    if _comparable(a, b):
        return bool(a < b)
    return _lists(a, b, shorter=True, same=False)


def le(a: Any, b: Any) -> bool | None:
    """Return ``a <= b``."""
    if _comparable(a, b):
        return bool(a <= b)
    return _lists(a, b, shorter=True, same=True)


def gt(a: Any, b: Any) -> bool | None:
    """Return ``a > b``."""
    return lt(b, a)


def ge(a: Any, b: Any) -> bool | None:
    """Return ``a >= b``."""
    return le(b, a)


def _lists(a: Any, b: Any, *, shorter: bool, same: bool) -> bool | None:
    """Compare two lists by their first differing item; null for other types."""
    if type(a) is not list or type(b) is not list:
        return None
    for x, y in zip(a, b, strict=False):
        equal = eq(x, y)
        if equal is None:
            return None
        if not equal:
            return lt(x, y)
    if len(a) == len(b):
        return same
    return shorter if len(a) < len(b) else not shorter


def as_boolean(value: Any) -> bool | None:
    """Return a value where a condition is expected.

    Raises:
        EvaluationError: It is neither a boolean nor null.
    """
    if value is None or value is True or value is False:
        return value
    if value is AWAITING:
        return None
    raise EvaluationError(
        f"a condition must be a BOOLEAN, got {type_name(value)} {value!r}", code="type"
    )


def not_(a: bool | None) -> bool | None:
    """Return ``NOT a``."""
    return None if a is None else not a


def and_(a: bool | None, b: bool | None) -> bool | None:
    """Return ``a AND b``."""
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def or_(a: bool | None, b: bool | None) -> bool | None:
    """Return ``a OR b``."""
    if a is True or b is True:
        return True
    return None if a is None or b is None else False


def xor(a: bool | None, b: bool | None) -> bool | None:
    """Return ``a XOR b``."""
    return None if a is None or b is None else a is not b


def in_(item: Any, items: Any) -> bool | None:
    """Return ``item IN items``.

    Raises:
        EvaluationError: ``items`` is neither a list nor null.
    """
    if items is None:
        return None
    if type(items) is not list:
        raise EvaluationError(f"IN needs a LIST, got {type_name(items)}", code="type")
    unknown = False
    for other in items:
        same = eq(item, other)
        if same:
            return True
        unknown = unknown or same is None
    return None if unknown else False


def starts_with(a: Any, b: Any) -> bool | None:
    """Return ``a STARTS WITH b``; null unless both are strings."""
    return a.startswith(b) if type(a) is str and type(b) is str else None


def ends_with(a: Any, b: Any) -> bool | None:
    """Return ``a ENDS WITH b``; null unless both are strings."""
    return a.endswith(b) if type(a) is str and type(b) is str else None


def contains(a: Any, b: Any) -> bool | None:
    """Return ``a CONTAINS b``; null unless both are strings."""
    return b in a if type(a) is str and type(b) is str else None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise EvaluationError(
            f"{pattern!r} is not a regular expression: {error}", code="regex"
        ) from None


def matches(a: Any, pattern: Any) -> bool | None:
    """Return ``a =~ pattern``: the whole string matches; null unless both are strings.

    Raises:
        EvaluationError: The pattern cannot be read.
    """
    if type(a) is not str or type(pattern) is not str:
        return None
    return _compiled(pattern).fullmatch(a) is not None
