"""Arithmetic and access. Integers are 64 bits: a result beyond them is an error, never a wrap.

Every function takes null for any operand and returns null then.
Source: openCypher 9, "Mathematical operators".
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NoReturn

from drasi_nb.errors import EvaluationError
from drasi_nb.values.graph import STAMP, Node, Relation
from drasi_nb.values.logic import type_name
from drasi_nb.values.temporal.components import component
from drasi_nb.values.temporal.math import add_durations, scale, shift
from drasi_nb.values.temporal.types import TEMPORAL, Duration

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def _mismatch(op: str, a: Any, b: Any) -> NoReturn:
    raise EvaluationError(f"{type_name(a)} {op} {type_name(b)} has no meaning", code="type")


def _checked(value: int, op: str) -> int:
    if INT_MIN <= value <= INT_MAX:
        return value
    raise EvaluationError(
        f"the result of {op} does not fit an INTEGER of 64 bits; toFloat() an operand",
        code="integer-overflow",
    )


def _numbers(a: Any, b: Any) -> bool:
    return type(a) in (int, float) and type(b) in (int, float)


def add(a: Any, b: Any) -> Any:
    """Return ``a + b``: numbers, text (a number is appended as text) and lists."""
    if a is None or b is None:
        return None
    ta, tb = type(a), type(b)
    if ta is int and tb is int:
        return _checked(a + b, "+")
    if _numbers(a, b):
        return a + b
    if ta is list:
        return [*a, *b] if tb is list else [*a, b]
    if tb is list:
        return [a, *b]
    if ta is str and tb is str:
        return a + b
    if ta is str and tb in (int, float):
        return a + repr(b)
    if tb is str and ta in (int, float):
        return repr(a) + b
    if type(a) is Duration and tb in TEMPORAL:
        return _with_duration(b, a, 1)
    if type(b) is Duration and (ta in TEMPORAL or ta is Duration):
        return _with_duration(a, b, 1)
    _mismatch("+", a, b)


def _with_duration(a: Any, b: Duration, sign: int) -> Any:
    try:
        return add_durations(a, b, sign) if type(a) is Duration else shift(a, b, sign)
    except ValueError as error:
        raise EvaluationError(str(error), code="invalid-temporal") from None


def _scaled(duration: Duration, number: float, *, divide: bool) -> Duration:
    if number - number != 0:
        raise EvaluationError(f"a DURATION cannot be scaled by {number}", code="argument")
    factor = Fraction(repr(number))
    if divide and not factor:
        raise EvaluationError("division by zero", code="division-by-zero")
    try:
        return scale(duration, 1 / factor if divide else factor)
    except ValueError as error:
        raise EvaluationError(str(error), code="invalid-temporal") from None


def sub(a: Any, b: Any) -> Any:
    """Return ``a - b``."""
    if a is None or b is None:
        return None
    if type(a) is int and type(b) is int:
        return _checked(a - b, "-")
    if _numbers(a, b):
        return a - b
    if type(b) is Duration and (type(a) in TEMPORAL or type(a) is Duration):
        return _with_duration(a, b, -1)
    _mismatch("-", a, b)


def mul(a: Any, b: Any) -> Any:
    """Return ``a * b``."""
    if a is None or b is None:
        return None
    if type(a) is int and type(b) is int:
        return _checked(a * b, "*")
    if _numbers(a, b):
        return a * b
    if type(a) is Duration and type(b) in (int, float):
        return _scaled(a, b, divide=False)
    if type(b) is Duration and isinstance(a, int | float) and type(a) is not bool:
        return _scaled(b, a, divide=False)
    _mismatch("*", a, b)


def div(a: Any, b: Any) -> Any:
    """Return ``a / b``; of two integers the quotient towards zero.

    Raises:
        EvaluationError: An integer is divided by the integer zero.
    """
    if a is None or b is None:
        return None
    if type(a) is int and type(b) is int:
        if b == 0:
            raise EvaluationError("division by zero", code="division-by-zero")
        quotient = abs(a) // abs(b)
        return _checked(quotient if (a < 0) == (b < 0) else -quotient, "/")
    if _numbers(a, b):
        if b == 0:
            if a == 0 or a != a:
                return math.nan
            return math.copysign(math.inf, a) * math.copysign(1.0, b)
        return a / b
    if type(a) is Duration and type(b) in (int, float):
        return _scaled(a, b, divide=True)
    _mismatch("/", a, b)


def mod(a: Any, b: Any) -> Any:
    """Return ``a % b`` with the sign of ``a``.

    Raises:
        EvaluationError: Both are integers and ``b`` is zero.
    """
    if a is None or b is None:
        return None
    if type(a) is int and type(b) is int:
        if b == 0:
            raise EvaluationError("division by zero", code="division-by-zero")
        rest = abs(a) % abs(b)
        return -rest if a < 0 else rest
    if _numbers(a, b):
        return math.nan if b == 0 or math.isinf(a) else math.fmod(a, b)
    _mismatch("%", a, b)


def power(a: Any, b: Any) -> Any:
    """Return ``a ^ b``, always a FLOAT."""
    if a is None or b is None:
        return None
    if not _numbers(a, b):
        _mismatch("^", a, b)
    try:
        result = float(a) ** float(b)
    except OverflowError:
        return math.inf
    except ZeroDivisionError:
        return math.inf
    return math.nan if isinstance(result, complex) else result


def neg(a: Any) -> Any:
    """Return ``-a``."""
    if a is None:
        return None
    if type(a) is int:
        return _checked(-a, "-")
    if type(a) is float:
        return -a
    raise EvaluationError(f"-{type_name(a)} has no meaning", code="type")


def pos(a: Any) -> Any:
    """Return ``+a``."""
    if a is None or type(a) in (int, float):
        return a
    raise EvaluationError(f"+{type_name(a)} has no meaning", code="type")


def number_argument(value: Any) -> Any:
    """Return a value that sum() or avg() may take: a number or null."""
    if value is None or type(value) is float or type(value) is int:
        return value
    raise EvaluationError(
        f"sum(), avg() and stDev() take numbers, got {type_name(value)}", code="type"
    )


def percentile_argument(value: Any, fraction: Any) -> tuple[Any, float] | None:
    """Return what a percentile takes of a row: (number, fraction), or null.

    Raises:
        EvaluationError: One is no number, or the fraction is not from 0 to 1.
    """
    if type(fraction) not in (int, float) or not 0 <= fraction <= 1:
        raise EvaluationError(
            f"a percentile is from 0.0 to 1.0, got {fraction!r}", code="number-out-of-range"
        )
    number = number_argument(value)
    return None if number is None else (number, float(fraction))


def get_property(base: Any, key: str) -> Any:
    """Return ``base.key`` of an element or a map; null where it is missing."""
    if base is None:
        return None
    kind = type(base)
    if kind is Node or kind is Relation:
        return base.stamp if key == STAMP else base.properties.get(key)
    if kind is dict:
        return base.get(key)
    if kind in TEMPORAL or kind is Duration:
        part = component(base, key)
        if part is not None:
            return _checked(part, f".{key}") if type(part) is int else part
        raise EvaluationError(f"{type_name(base)} has no component {key!r}", code="type")
    raise EvaluationError(f"{type_name(base)} has no properties (.{key})", code="type")


def get_index(base: Any, index: Any) -> Any:
    """Return ``base[index]``: of a list by position (negative from the end), else by key."""
    if base is None or index is None:
        return None
    if type(base) is list:
        if type(index) is not int:
            raise EvaluationError(
                f"a LIST is indexed by an INTEGER, got {type_name(index)}", code="type"
            )
        return base[index] if -len(base) <= index < len(base) else None
    if type(base) in (dict, Node, Relation):
        if type(index) is not str:
            raise EvaluationError(
                f"a {type_name(base)} is indexed by a STRING, got {type_name(index)}",
                code="type",
            )
        return get_property(base, index)
    raise EvaluationError(f"{type_name(base)} cannot be indexed", code="type")


def get_slice(base: Any, start: Any, stop: Any) -> Any:
    """Return ``base[start..stop]``, bounds cut to the list.

    A bound left out is 0 or the length; a null bound gives null.
    """
    if base is None or start is None or stop is None:
        return None
    if type(base) is not list or type(start) is not int or type(stop) is not int:
        raise EvaluationError(
            f"{type_name(base)}[{type_name(start)}..{type_name(stop)}] has no meaning",
            code="type",
        )
    return base[start:stop]


def comprehend(items: Any, where: Any, result: Any) -> list[Any] | None:
    """Return ``[x IN items WHERE where(x) | result(x)]``."""
    if items is None:
        return None
    return [result(item) for item in _listed(items) if where(item) is True]


def _listed(items: Any) -> list[Any]:
    if type(items) is not list:
        raise EvaluationError(f"expected a LIST, got {type_name(items)}", code="type")
    return items


def quantify(kind: str, items: Any, where: Any) -> bool | None:
    """Return ``kind(x IN items WHERE where(x))`` for all, any, none and single."""
    if items is None:
        return None
    found, unknown = 0, 0
    for item in _listed(items):
        holds = where(item)
        if holds is None:
            unknown += 1
        elif holds == (kind != "all"):
            found += 1
    if kind == "single":
        return False if found > 1 else None if unknown else found == 1
    if found:  # a counterexample of all, or a witness of any or against none
        return kind == "any"
    return None if unknown else kind != "any"


def fold(initial: Any, items: Any, body: Any) -> Any:
    """Return ``reduce(acc = initial, x IN items | body(acc, x))``."""
    if items is None:
        return None
    for item in _listed(items):
        initial = body(initial, item)
    return initial
