"""From an expression of the plan to one of Polars with the same value, or a refusal.

What is refused is evaluated row by row instead. Nothing that could fail for one row and not
for another is taken: integers are followed by their bounds, so none leaves 64 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import polars as pl

from drasi_nb.engine.vector.columns import Kind, UnsupportedError
from drasi_nb.language import ast
from drasi_nb.plan.nodes import Constant
from drasi_nb.values.arithmetic import INT_MAX, INT_MIN

_EXACT = 2**53  # integers up to here are floats without loss


class Typed(NamedTuple):
    """An expression of one kind.

    Attributes:
        expr: The expression.
        kind: Of its values.
        low: The least that an integer may be.
        high: The most.
        is_number: Whether it is a constant, a number and not NaN.
    """

    expr: pl.Expr
    kind: Kind
    low: int = 0
    high: int = 0
    is_number: bool = False


Properties = Callable[[str, str], Typed]  # (slot, key)
Labels = Callable[[str, ast.LabelExpr], pl.Expr]


class Translator:
    """Translates over the slots of one pattern.

    Args:
        property_of: The column of a slot's property.
        labelled: Whether a slot has labels.
    """

    def __init__(self, property_of: Properties, labelled: Labels) -> None:
        self._property, self._labelled = property_of, labelled

    def value(self, e: ast.Expr) -> Typed:
        """Return the expression for a value.

        Raises:
            UnsupportedError: It is none of those that are known to agree.
        """
        match e:
            case ast.Literal(value=value) | Constant(value=value):
                return _constant(value)
            case ast.Property(base=ast.Variable(name=name), key=key):
                return self._property(name, key)
            case ast.HasLabels(base=ast.Variable(name=name), labels=labels):
                return Typed(self._labelled(name, labels), "b")
            case ast.IsNull(operand=operand, negated=negated):
                expr = self.value(operand).expr
                return Typed(expr.is_not_null() if negated else expr.is_null(), "b")
            case ast.Comparison(first=first, rest=rest):
                parts, left = list[pl.Expr](), self.value(first)
                for op, item in rest:
                    right = self.value(item)
                    parts.append(_compare(op, left, right))
                    left = right
                return Typed(reduce(lambda a, b: a & b, parts), "b")
            case ast.Unary(op="NOT", operand=operand):
                return Typed(~self.condition(operand), "b")
            case ast.Unary(op="-", operand=operand):
                return _negative(self.value(operand))
            case ast.Binary(op=op, left=left, right=right):
                return self._binary(op, left, right)
            case ast.Case(subject=None, whens=whens, default=default):
                return self._case(whens, default)
            case ast.FunctionCall(name=name, args=args) if name.lower() == "coalesce" and args:
                return _one_of([self.value(arg) for arg in args], pl.coalesce)
            case _:
                raise UnsupportedError(type(e).__name__)

    def condition(self, e: ast.Expr) -> pl.Expr:
        """Return the expression for a condition: true, false or null."""
        typed = self.value(e)
        if typed.kind == "0":
            return pl.lit(None, pl.Boolean)
        if typed.kind != "b":
            raise UnsupportedError("a condition that is no boolean")
        return typed.expr

    def _binary(self, op: str, left: ast.Expr, right: ast.Expr) -> Typed:
        if op in ("AND", "OR", "XOR"):
            a, b = self.condition(left), self.condition(right)
            return Typed(a & b if op == "AND" else a | b if op == "OR" else a ^ b, "b")
        if op in ("+", "-", "*", "/"):
            return _arithmetic(op, self.value(left), self.value(right))
        a_text, b_text = self.value(left), self.value(right)
        if a_text.kind != "s" or b_text.kind != "s":
            raise UnsupportedError(op)
        match op:
            case "STARTS WITH":
                return Typed(a_text.expr.str.starts_with(b_text.expr), "b")
            case "ENDS WITH":
                return Typed(a_text.expr.str.ends_with(b_text.expr), "b")
            case "CONTAINS":
                return Typed(a_text.expr.str.contains(b_text.expr, literal=True), "b")
            case _:
                raise UnsupportedError(op)

    def _case(
        self, whens: tuple[tuple[ast.Expr, ast.Expr], ...], default: ast.Expr | None
    ) -> Typed:
        conditions = [self.condition(test) for test, _ in whens]
        values = [self.value(value) for _, value in whens]
        values.append(self.value(default) if default is not None else _constant(None))

        def chosen(*exprs: pl.Expr) -> pl.Expr:
            chain: Any = pl
            for test, expr in zip(conditions, exprs, strict=False):
                chain = chain.when(test).then(expr)
            made: pl.Expr = chain.otherwise(exprs[-1])
            return made

        return _one_of(values, chosen)


def _constant(value: Any) -> Typed:
    match value:
        case None:
            return Typed(pl.lit(None, pl.Int64), "0")
        case bool():
            return Typed(pl.lit(value), "b")
        case int() if INT_MIN <= value <= INT_MAX:
            return Typed(pl.lit(value, pl.Int64), "i", value, value, is_number=True)
        case float():
            return Typed(pl.lit(value, pl.Float64), "f", is_number=value == value)
        case str():
            return Typed(pl.lit(value), "s")
        case _:
            raise UnsupportedError(type(value).__name__)


def _one_of(values: list[Typed], make: Callable[..., pl.Expr]) -> Typed:
    """Return an expression that is one of several, if they are of one kind."""
    kinds = {value.kind for value in values} - {"0"}
    if len(kinds) > 1:
        raise UnsupportedError("values of several kinds")
    bounded = [value for value in values if value.kind == "i"]
    low = min((value.low for value in bounded), default=0)
    high = max((value.high for value in bounded), default=0)
    return Typed(make(*(v.expr for v in values)), kinds.pop() if kinds else "0", low, high)


def _as_float(value: Typed) -> pl.Expr:
    if value.kind == "f":
        return value.expr
    if value.low >= -_EXACT and value.high <= _EXACT:
        return value.expr.cast(pl.Float64)
    raise UnsupportedError("integers that are no floats")


def _compare(op: str, a: Typed, b: Typed) -> pl.Expr:
    left, right = a.expr, b.expr
    kinds = {a.kind, b.kind}
    if "0" in kinds:
        return pl.lit(None, pl.Boolean)
    if kinds == {"i", "f"}:
        left, right = _as_float(a), _as_float(b)
    elif len(kinds) > 1:
        raise UnsupportedError("a comparison of several kinds")
    made = {
        "=": left == right, "<>": left != right, "<": left < right, "<=": left <= right,
        ">": left > right, ">=": left >= right,
    }[op]  # fmt: skip
    if "f" not in kinds:
        return made
    # to Polars NaN is equal to itself and above all numbers; in Cypher nothing but <> holds
    if b.is_number:  # most often
        return made & left.is_not_nan() if op in (">", ">=") else made
    nan = left.is_nan() if a.kind == "f" else pl.lit(False)
    nan = nan | right.is_nan() if b.kind == "f" else nan
    told = made | nan if op == "<>" else made & ~nan
    return pl.when(left.is_not_null() & right.is_not_null()).then(told)


def _arithmetic(op: str, a: Typed, b: Typed) -> Typed:
    kinds = {a.kind, b.kind}
    if "0" in kinds and kinds <= {"0", "i", "f"}:
        return _constant(None)
    if kinds == {"i"}:
        return _integers(op, a, b)
    if not kinds <= {"i", "f"}:
        raise UnsupportedError(op)
    left, right = _as_float(a), _as_float(b)
    made = {"+": left + right, "-": left - right, "*": left * right, "/": left / right}[op]
    return Typed(made, "f")


def _negative(a: Typed) -> Typed:
    if a.kind not in ("i", "f", "0") or a.low == INT_MIN:
        raise UnsupportedError("-")
    return a._replace(expr=-a.expr, low=-a.high, high=-a.low)


def _integers(op: str, a: Typed, b: Typed) -> Typed:
    if op == "/":
        raise UnsupportedError("a division of integers")
    match op:
        case "+":
            expr, ends = a.expr + b.expr, [a.low + b.low, a.high + b.high]
        case "-":
            expr, ends = a.expr - b.expr, [a.low - b.high, a.high - b.low]
        case _:
            expr = a.expr * b.expr
            ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    low, high = min(ends), max(ends)
    if low < INT_MIN or high > INT_MAX:
        raise UnsupportedError("integers that may leave 64 bits")
    return Typed(expr, "i", low, high)
