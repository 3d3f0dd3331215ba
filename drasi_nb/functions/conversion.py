"""Conversions: text that cannot be read gives null.

A type that cannot be converted is an error, or null in the ``OrNull`` and ``List`` forms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import scalar, wrong_type
from drasi_nb.values.arithmetic import INT_MAX, INT_MIN
from drasi_nb.values.temporal.types import TEMPORAL, Duration

_T = TypeVar("_T")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NAMED = {
    "NaN": math.nan,
    "Infinity": math.inf,
    "+Infinity": math.inf,
    "-Infinity": -math.inf,
}
_BOOLEANS = {"true": True, "false": False}
_TEMPORAL = (*TEMPORAL, Duration)


def _or_null(convert: Callable[[Any], _T], value: Any) -> _T | None:
    try:
        return None if value is None else convert(value)
    except EvaluationError:
        return None


def _overflow(value: Any) -> EvaluationError:
    return EvaluationError(
        f"toInteger({value!r}) does not fit an INTEGER of 64 bits", code="integer-overflow"
    )


@scalar("toInteger", "BOOLEAN | NUMBER | STRING -> INTEGER")
def to_integer(value: float | str) -> int | None:
    """Return a number cut towards zero, 1 or 0 of a BOOLEAN, or the number a text spells.

    Text is read as decimal digits with an optional fraction and exponent, white space around
    it ignored; other text gives null.

    Raises:
        EvaluationError: The number does not fit 64 bits, is infinite or NaN.

    Source:
        Cypher function ``toInteger()``, openCypher TCK TypeConversion2.
    """
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        text = value.strip()
        if _INTEGER.fullmatch(text):
            return int(text)
        return _spelled(text) if _DECIMAL.fullmatch(text) else None
    if not math.isfinite(value):
        raise _overflow(value)
    return _fitting(int(value), value)


def _fitting(whole: int, value: Any) -> int:
    if INT_MIN <= whole <= INT_MAX:
        return whole
    raise _overflow(value)


def _spelled(text: str) -> int:
    """Return the whole part of a decimal, never building a number far beyond 64 bits."""
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent of some 18 digits
        number = Decimal(0) if float(text) == 0 else Decimal("1e20")
    if not number or number.adjusted() < 0:
        return 0
    if number.adjusted() > 19:
        raise _overflow(text)
    return _fitting(int(number), text)


@scalar("toIntegerOrNull", "ANY -> INTEGER")
def to_integer_or_null(value: Any) -> int | None:
    """Return what ``toInteger()`` does, and null where it is an error.

    Source:
        Cypher function ``toIntegerOrNull()``, Neo4j Cypher manual, "Scalar functions".
    """
    return _or_null(_loose_integer, value)


@scalar("toIntegerList", "LIST -> LIST")
def to_integer_list(values: list[Any]) -> list[int | None]:
    """Return ``toIntegerOrNull()`` of every item.

    Source:
        Cypher function ``toIntegerList()``, Neo4j Cypher manual, "List functions".
    """
    return [_or_null(_loose_integer, value) for value in values]


def _loose_integer(value: Any) -> int | None:
    return to_integer(value) if type(value) in (bool, int, float, str) else None


@scalar("toFloat", "NUMBER | STRING -> FLOAT")
def to_float(value: Any) -> float | None:
    """Return a number as a FLOAT, or the number a text spells; null of other text.

    Text may also be NaN, Infinity or -Infinity; a number beyond FLOAT is infinite. White
    space around it is ignored.

    Source:
        Cypher function ``toFloat()``, Neo4j Cypher manual, "Scalar functions".
    """
    if type(value) is not str:
        return float(value)
    text = value.strip()
    return float(text) if _DECIMAL.fullmatch(text) else _NAMED.get(text)


@scalar("toFloatOrNull", "ANY -> FLOAT")
def to_float_or_null(value: Any) -> float | None:
    """Return what ``toFloat()`` does, and null where it is an error.

    Source:
        Cypher function ``toFloatOrNull()``, Neo4j Cypher manual, "Scalar functions".
    """
    return to_float(value) if type(value) in (int, float, str) else None


@scalar("toFloatList", "LIST -> LIST")
def to_float_list(values: list[Any]) -> list[float | None]:
    """Return ``toFloatOrNull()`` of every item.

    Source:
        Cypher function ``toFloatList()``, Neo4j Cypher manual, "List functions".
    """
    return [to_float_or_null(value) for value in values]


@scalar("toBoolean", "BOOLEAN | INTEGER | STRING -> BOOLEAN")
def to_boolean(value: Any) -> bool | None:
    """Return a BOOLEAN as it is, whether an INTEGER is not 0, or what a text spells.

    Text is true or false in any case, white space around it ignored; other text gives null.

    Source:
        Cypher function ``toBoolean()``, Neo4j Cypher manual, "Scalar functions".
    """
    if type(value) is str:
        return _BOOLEANS.get(value.strip().lower())
    return bool(value)


@scalar("toBooleanOrNull", "ANY -> BOOLEAN")
def to_boolean_or_null(value: Any) -> bool | None:
    """Return what ``toBoolean()`` does, and null where it is an error.

    Source:
        Cypher function ``toBooleanOrNull()``, Neo4j Cypher manual, "Scalar functions".
    """
    return to_boolean(value) if type(value) in (bool, int, str) else None


@scalar("toBooleanList", "LIST -> LIST")
def to_boolean_list(values: list[Any]) -> list[bool | None]:
    """Return ``toBooleanOrNull()`` of every item.

    Source:
        Cypher function ``toBooleanList()``, Neo4j Cypher manual, "List functions".
    """
    return [to_boolean_or_null(value) for value in values]


@scalar("toString", "ANY -> STRING")
def to_string(value: Any) -> str:
    """Return a value as text: 1.0 is "1.0", true is "true", a temporal value is ISO 8601.

    A FLOAT is the shortest decimal that reads back as itself; NaN, Infinity, -Infinity.

    Raises:
        EvaluationError: It is a list, a map, an element or a path.

    Source:
        Cypher function ``toString()``, Neo4j Cypher manual, "String functions".
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, _TEMPORAL):
        return str(value)
    raise wrong_type("toString", 1, "BOOLEAN, NUMBER, STRING or temporal", value)


def _float_text(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


@scalar("toStringOrNull", "ANY -> STRING")
def to_string_or_null(value: Any) -> str | None:
    """Return what ``toString()`` does, and null where it is an error.

    Source:
        Cypher function ``toStringOrNull()``, Neo4j Cypher manual, "String functions".
    """
    return _or_null(to_string, value)


@scalar("toStringList", "LIST -> LIST")
def to_string_list(values: list[Any]) -> list[str | None]:
    """Return ``toStringOrNull()`` of every item.

    Source:
        Cypher function ``toStringList()``, Neo4j Cypher manual, "List functions".
    """
    return [_or_null(to_string, value) for value in values]
