"""Patterns and queries inside expressions: found, and lifted out as columns of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

from drasi_nb.language import ast
from drasi_nb.plan.expressions import Checker
from drasi_nb.plan.nodes import rewrite, walk

SUBQUERIES = (ast.PatternPredicate, ast.PatternComprehension, ast.Subquery)
_LOCAL = (ast.ListComprehension, ast.Quantifier, ast.Reduce)


def has_subquery(expression: ast.Expr) -> bool:
    """Return whether a pattern or a query stands anywhere in an expression."""
    return any(isinstance(part, SUBQUERIES) for part in walk(expression))


def mentioned(part: Any) -> frozenset[str]:
    """Return every name that occurs in a part of the tree, whoever binds it."""
    if isinstance(part, ast.Variable):
        return frozenset((part.name,))
    if isinstance(part, tuple):
        return frozenset[str]().union(*map(mentioned, part))
    if not isinstance(part, ast.Node) or not is_dataclass(part):
        return frozenset()
    names = frozenset[str]().union(*(mentioned(getattr(part, f.name)) for f in fields(part)))
    variable = getattr(part, "variable", None)
    return names | {variable} if isinstance(variable, str) else names


def lift(
    expression: ast.Expr, checker: Checker, apply: Callable[[ast.Expr], ast.Expr]
) -> ast.Expr:
    """Return the expression with every subquery replaced by the column ``apply`` made of it.

    A list comprehension around a subquery that uses its variable is lifted as a whole.

    Raises:
        QuerySemanticError: A subquery uses the variable of another kind of list expression.
    """

    def change(part: ast.Expr) -> ast.Expr | None:
        if isinstance(part, SUBQUERIES):
            return apply(part)
        if isinstance(part, _LOCAL):
            bound = {part.variable}
            if isinstance(part, ast.Reduce):
                bound.add(part.accumulator)
            for inner in walk(part):
                if isinstance(inner, SUBQUERIES) and mentioned(inner) & bound:
                    if isinstance(part, ast.ListComprehension):
                        return apply(part)
                    what = "a pattern over a variable of a list expression"
                    raise checker.later(what, inner.span)
        return None

    changed: ast.Expr = rewrite(expression, change)
    return changed
