"""Checking calls: functions, aggregates, their arguments."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

from drasi_nb.functions.aggregates import AGGREGATES, NUMERIC_AGGREGATES
from drasi_nb.functions.registry import Function, arity_text, lookup, similar
from drasi_nb.functions.timed import TIMED, TimedFunction
from drasi_nb.language import ast
from drasi_nb.plan.nodes import Constant, PercentileArgument, children
from drasi_nb.span import NOWHERE, Span
from drasi_nb.values.graph import STAMP

if TYPE_CHECKING:
    from drasi_nb.plan.expressions import Checker

Scope = Mapping[str, str]  # variable -> type name
KINDS = frozenset(
    {"INTEGER", "FLOAT", "STRING", "BOOLEAN", "LIST", "NODE", "RELATIONSHIP", "MAP", "PATH"}
)
"""The types that are known from a text; all others are ANY."""
_NUMBERS = ("INTEGER", "FLOAT", "NUMBER")
_RESULTS = {"count": "INTEGER", "collect": "LIST", "avg": "FLOAT", "sum": "NUMBER"}


def is_aggregate(expression: ast.Expr) -> bool:
    """Return whether the node itself is an aggregate call."""
    if isinstance(expression, ast.FunctionCall):
        return expression.name.lower() in AGGREGATES
    return isinstance(expression, ast.CountStar)


def has_aggregate(expression: ast.Expr) -> bool:
    """Return whether an aggregate stands anywhere in the expression."""
    return is_aggregate(expression) or any(map(has_aggregate, children(expression)))


def check_call(checker: Checker, call: ast.Expr, scope: Scope) -> tuple[ast.Expr, str]:
    """Return a call with its arguments checked, and its type as far as it is known.

    Raises:
        QuerySemanticError: There is no such function, or it does not take these arguments.
    """
    if isinstance(call, ast.CountStar):
        return call, "INTEGER"
    assert isinstance(call, ast.FunctionCall)
    name = call.name.lower()
    if name in AGGREGATES:
        return _aggregate(checker, call, scope)
    if name == "drasi.changedatetime" and len(call.args) == 1:
        # the one property it reads, so that no other change of the element is waited for
        element, kind = checker.check(call.args[0], scope)
        checker.want(kind, ("NODE", "RELATIONSHIP"), call.args[0].span, f"{call.name}()")
        stamp = ast.Property(call.span, element, STAMP)
        return ast.FunctionCall(call.span, "#changed", (stamp,)), "ANY"
    if name == "rand" and not call.args:
        # in a subquery, SKIP or LIMIT one number per query: it must be the same when asked again
        return Constant(call.span, random.random()), "FLOAT"  # noqa: S311 - no secret
    if name in TIMED or (f"{name}.statement" in TIMED and not call.args):
        raise checker.error(
            f"{call.name}() cannot stand inside a subquery or OPTIONAL MATCH",
            call.span,
            "timed-in-subquery",
            "make it a column of a WITH before it",
        )
    function = lookup(call.name)
    if function is None:
        near = similar(call.name)
        raise checker.error(
            f"there is no function {call.name}()",
            call.span,
            "unknown-function",
            f"did you mean {near[0]}()?" if near else "see drasi_nb.functions()",
        )
    args = arguments_of(checker, function, call, scope)
    result = function.result if function.result in KINDS else "ANY"
    return ast.FunctionCall(call.span, function.name, tuple(args)), result


def arguments_of(
    checker: Checker, function: Function | TimedFunction, call: ast.FunctionCall, scope: Scope
) -> list[ast.Expr]:
    """Return the checked arguments of a function that is no aggregate.

    Raises:
        QuerySemanticError: Too many, too few, or of a wrong type.
    """
    if call.distinct:
        raise checker.error(
            f"{call.name}() is no aggregate, DISTINCT has no meaning",
            call.span,
            "invalid-distinct",
        )
    least = len(function.parameters) - function.optional
    most = len(function.parameters)
    if len(call.args) < least or (len(call.args) > most and not function.variadic):
        raise checker.error(
            f"{function.name}() takes {arity_text(function)}, got {len(call.args)}",
            call.span,
            "wrong-arity",
            f"{function.name}({function.signature})",
        )
    args = list[ast.Expr]()
    for place, arg in enumerate(call.args):
        checked, kind = checker.check(arg, scope)
        wanted = function.parameters[min(place, most - 1)] if most else "ANY"
        _argument(checker, function.name, place, wanted, kind, arg.span)
        args.append(checked)
    return args


def _argument(
    checker: Checker, name: str, place: int, wanted: str, kind: str, span: Span
) -> None:
    """Refuse a known wrong type where a function takes graph values."""
    allowed = set(wanted.split(" | "))
    if allowed & {"NODE", "RELATIONSHIP", "PATH"} and kind in KINDS - allowed:
        raise checker.error(
            f"argument {place + 1} of {name}() must be {wanted}, this is {kind}", span, "type"
        )


def _aggregate(checker: Checker, call: ast.FunctionCall, scope: Scope) -> tuple[ast.Expr, str]:
    name, aggregate = call.name.lower(), AGGREGATES[call.name.lower()]
    arity = aggregate.signature.count(",") + 1
    if len(call.args) != arity:
        raise checker.error(
            f"{call.name}() takes {arity} argument{'s' * (arity > 1)}, got {len(call.args)}",
            call.span,
            "wrong-arity",
        )
    for given in call.args:
        checker.no_aggregate(given, f"{call.name}()")
    checked = [checker.check(arg, scope) for arg in call.args]
    if aggregate.over_list is not None:  # of what is collected
        items = tuple(e for e, _ in checked)
        item = items[0] if arity == 1 else ast.ListLiteral(call.span, items)
        collected = ast.FunctionCall(call.span, "collect", (item,), call.distinct)
        return ast.FunctionCall(call.span, aggregate.over_list, (collected,)), "ANY"
    argument, kind = checked[0]
    if name == "drasi.last":
        return _last(checker, call, argument, scope), "ANY"
    if name in NUMERIC_AGGREGATES or arity == 2:
        checker.want(kind, _NUMBERS, call.args[0].span, f"{name}()")
    if arity == 2:
        fraction, kind = checked[1]
        checker.want(kind, _NUMBERS, call.args[1].span, f"{name}()")
        argument = PercentileArgument(call.span, argument, fraction)
    out = ast.FunctionCall(call.span, name, (argument,), call.distinct)
    return out, _RESULTS.get(name, "ANY")


def latest_stamp(scope: Scope) -> ast.Expr | None:
    """Return the expression of when the elements of a row last changed; None without elements."""
    stamps = tuple(
        ast.Property(NOWHERE, ast.Variable(NOWHERE, name), STAMP)
        for name, kind in scope.items()
        if kind in ("NODE", "RELATIONSHIP")
    )
    if len(stamps) < 2:
        return stamps[0] if stamps else None
    every = ast.ListLiteral(NOWHERE, stamps)
    return ast.FunctionCall(NOWHERE, "drasi.listMax", (every,))


def _last(
    checker: Checker, call: ast.FunctionCall, argument: ast.Expr, scope: Scope
) -> ast.Expr:
    """Return the value of the row that changed last: the greatest pair of stamp and value."""
    stamp = latest_stamp(scope)
    if stamp is None:
        raise checker.error(
            f"{call.name}() needs a node or a relation in its rows: they say which was last",
            call.span,
            "no-element",
        )
    pair = ast.ListLiteral(call.span, (stamp, argument))
    latest = ast.FunctionCall(call.span, "max", (pair,))
    return ast.Index(call.span, latest, ast.Literal(call.span, "INTEGER", 1))
