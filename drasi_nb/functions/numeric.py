"""Functions of numbers. Where a number has no result it is NaN, never an error."""

from __future__ import annotations

import decimal
import math

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import bad_argument, scalar
from drasi_nb.values.arithmetic import INT_MAX

_MODES = {
    "UP": decimal.ROUND_UP,
    "DOWN": decimal.ROUND_DOWN,
    "CEILING": decimal.ROUND_CEILING,
    "FLOOR": decimal.ROUND_FLOOR,
    "HALF_UP": decimal.ROUND_HALF_UP,
    "HALF_DOWN": decimal.ROUND_HALF_DOWN,
    "HALF_EVEN": decimal.ROUND_HALF_EVEN,
}
_MOST_DECIMALS = 324  # no FLOAT has a digit behind
_EXACT = decimal.Context(prec=2 * _MOST_DECIMALS)


@scalar("abs", "NUMBER -> NUMBER")
def absolute(x: float) -> float:
    """Return the distance from zero, INTEGER of an INTEGER and FLOAT of a FLOAT.

    Raises:
        EvaluationError: It is the smallest INTEGER, whose opposite has no 64 bits.

    Source:
        Cypher function ``abs()``, Neo4j Cypher manual, "Numeric functions".
    """
    size = abs(x)
    if type(size) is int and size > INT_MAX:
        raise EvaluationError(
            f"abs({x}) does not fit an INTEGER of 64 bits", code="integer-overflow"
        )
    return size


@scalar("ceil", "NUMBER -> FLOAT")
def ceil(x: float) -> float:
    """Return the smallest whole number not below ``x``, as a FLOAT.

    Source:
        Cypher function ``ceil()``, Neo4j Cypher manual, "Numeric functions".
    """
    return float(math.ceil(x)) if math.isfinite(x) else x


@scalar("floor", "NUMBER -> FLOAT")
def floor(x: float) -> float:
    """Return the largest whole number not above ``x``, as a FLOAT.

    Source:
        Cypher function ``floor()``, Neo4j Cypher manual, "Numeric functions".
    """
    return float(math.floor(x)) if math.isfinite(x) else x


@scalar("round", "NUMBER, [INTEGER], [STRING] -> FLOAT")
def round_(x: float, precision: int = 0, mode: str | None = None) -> float:
    """Return ``x`` rounded to ``precision`` decimals, as a FLOAT.

    Ties go up, round(-1.5) is -1.0, when only the whole number is asked for; with decimals
    they go away from zero. A mode says otherwise: UP and DOWN (away from and towards zero),
    CEILING, FLOOR, HALF_UP, HALF_DOWN, HALF_EVEN. A FLOAT counts as the decimal it is
    printed as, so round(1.005, 2) is 1.01.

    Raises:
        EvaluationError: The precision is negative, or the mode is another text.

    Source:
        Cypher function ``round()``, Neo4j Cypher manual, "Numeric functions".
    """
    if precision < 0:
        raise bad_argument("round", 2, "be 0 or more", precision)
    rounding = _MODES.get(mode.upper()) if mode is not None else decimal.ROUND_HALF_UP
    if rounding is None:
        raise bad_argument("round", 3, f"be one of {', '.join(_MODES)}", mode)
    if not math.isfinite(x):
        return x
    if mode is None and precision == 0:
        whole = math.floor(x)
        return float(whole + (x - whole >= 0.5))
    if precision > _MOST_DECIMALS:
        return float(x)
    unit = decimal.Decimal((0, (1,), -precision))
    return float(decimal.Decimal(repr(x)).quantize(unit, rounding, _EXACT))


@scalar("sign", "NUMBER -> INTEGER")
def sign(x: float) -> int:
    """Return -1, 0 or 1; 0 for NaN.

    Source:
        Cypher function ``sign()``, Neo4j Cypher manual, "Numeric functions".
    """
    return (x > 0) - (x < 0)


@scalar("isNaN", "NUMBER -> BOOLEAN")
def is_nan(x: float) -> bool:
    """Return whether ``x`` is NaN; an INTEGER never is.

    Source:
        Cypher function ``isNaN()``, Neo4j Cypher manual, "Numeric functions".
    """
    return math.isnan(x)


@scalar("sqrt", "NUMBER -> FLOAT")
def sqrt(x: float) -> float:
    """Return the square root; NaN of a negative number.

    Source:
        Cypher function ``sqrt()``, Neo4j Cypher manual, "Logarithmic functions".
    """
    return math.nan if x < 0 else math.sqrt(x)


@scalar("exp", "NUMBER -> FLOAT")
def exp(x: float) -> float:
    """Return e to the power of ``x``; Infinity from about 709.8 on.

    Source:
        Cypher function ``exp()``, Neo4j Cypher manual, "Logarithmic functions".
    """
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


@scalar("log", "NUMBER -> FLOAT")
def log(x: float) -> float:
    """Return the natural logarithm; -Infinity of 0, NaN of a negative number.

    Source:
        Cypher function ``log()``, Neo4j Cypher manual, "Logarithmic functions".
    """
    if x > 0:
        return math.log(x)
    return -math.inf if x == 0 else math.nan


@scalar("log10", "NUMBER -> FLOAT")
def log10(x: float) -> float:
    """Return the logarithm to base 10; -Infinity of 0, NaN of a negative number.

    Source:
        Cypher function ``log10()``, Neo4j Cypher manual, "Logarithmic functions".
    """
    if x > 0:
        return math.log10(x)
    return -math.inf if x == 0 else math.nan


@scalar("e", "-> FLOAT")
def e() -> float:
    """Return the base of the natural logarithm, 2.718281828459045.

    Source:
        Cypher function ``e()``, Neo4j Cypher manual, "Logarithmic functions".
    """
    return math.e
