"""Patterns and queries inside expressions: found, and lifted out as columns of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from drasi_nb.language import ast
from drasi_nb.plan.expressions import Checker
from drasi_nb.plan.nodes import children, rewrite, walk

SUBQUERIES = (ast.PatternPredicate, ast.PatternComprehension, ast.Subquery)
LOCAL = (ast.ListComprehension, ast.Quantifier, ast.Reduce)


def with_ends(expression: ast.Expr) -> ast.Expr:
    """Return an expression in which ``startNode(r)`` is ``[(x)-[r]->() | x][0]``.

    The node is looked for in the graph, so its changes reach the query.
    """

    def change(e: ast.Expr) -> ast.Expr | None:
        if not isinstance(e, ast.FunctionCall) or len(e.args) != 1:
            return None
        is_start = e.name.lower() == "startnode"
        if not is_start and e.name.lower() != "endnode":
            return None
        span, argument = e.span, with_ends(e.args[0])
        zero = ast.Literal(span, "INTEGER", 0)
        if not isinstance(argument, ast.Variable):  # of [argument], so that it has a name
            call = replace(e, args=(ast.Variable(span, "one relation"),))
            listed = ast.ListLiteral(span, (argument,))
            every = ast.ListComprehension(span, "one relation", listed, None, with_ends(call))
            return ast.Index(span, every, zero)
        found = ast.NodePattern(span, "end of relation", None, None, None)
        other = ast.NodePattern(span, None, None, None, None)
        relation = ast.RelationPattern(span, argument.name, None, "->", None, None, None)
        path = (found, relation, other) if is_start else (other, relation, found)
        pattern = ast.PathPattern(span, None, path)
        result = ast.Variable(span, "end of relation")
        return ast.Index(span, ast.PatternComprehension(span, pattern, None, result), zero)

    changed: ast.Expr = rewrite(expression, change)
    return changed


def has_subquery(expression: ast.Expr) -> bool:
    """Return whether a pattern or a query stands anywhere in an expression."""
    return any(isinstance(part, SUBQUERIES) for part in walk(expression))


def bare_pattern(expression: ast.Expr) -> ast.PatternPredicate | None:
    """Return a pattern that stands for a value, if there is one: outside of all conditions."""
    match expression:
        case ast.PatternPredicate():
            return expression
        case ast.Quantifier(source=source):
            parts: Iterable[ast.Expr] = (source,)
        case ast.ListComprehension(source=source, result=result):
            parts = (source,) if result is None else (source, result)
        case ast.Case(subject=None, whens=whens, default=default):
            parts = [then for _, then in whens] + ([] if default is None else [default])
        case _:
            parts = children(expression)
    return next(filter(None, map(bare_pattern, parts)), None)


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

    A list comprehension around a subquery that uses its variable is lifted as a whole. Of
    other list expressions the list is lifted, each item with the values of its subqueries.

    Raises:
        QuerySemanticError: A subquery in reduce() depends on what is accumulated.
    """

    def change(part: ast.Expr) -> ast.Expr | None:
        if isinstance(part, SUBQUERIES):
            return apply(part)
        if not isinstance(part, LOCAL):
            return None
        inside = [inner for inner in walk(part) if isinstance(inner, SUBQUERIES)]
        if isinstance(part, ast.Reduce):
            for inner in inside:
                if part.accumulator in mentioned(inner):
                    raise checker.error(
                        "a pattern in reduce() cannot depend on what is accumulated",
                        inner.span,
                        "pattern-in-reduce",
                        "collect what the pattern needs first, then reduce the list",
                    )
        if not any(part.variable in mentioned(inner) for inner in inside):
            return None
        if isinstance(part, ast.ListComprehension):
            return apply(part)
        return _over_pairs(part, apply)

    changed: ast.Expr = rewrite(expression, change)
    return changed


def _over_pairs(
    part: ast.Quantifier | ast.Reduce, apply: Callable[[ast.Expr], ast.Expr]
) -> ast.Expr:
    """Return a list expression over [item, values of its subqueries...] instead of items."""
    span, name = part.span, part.variable
    item: ast.Expr = ast.Variable(span, name)
    found = list[ast.Expr]()

    def change(e: ast.Expr) -> ast.Expr | None:
        if isinstance(e, SUBQUERIES):
            found.append(_truth(e) if isinstance(e, ast.PatternPredicate) else e)
            return _at(name, len(found), e)
        return _at(name, 0, e) if e == item else None

    body = part.where if isinstance(part, ast.Quantifier) else part.body
    body = rewrite(body, change)
    pair = ast.ListLiteral(span, (item, *found))
    source = apply(ast.ListComprehension(span, name, part.source, None, pair))
    if isinstance(part, ast.Quantifier):
        return replace(part, source=source, where=body)
    return replace(part, source=source, body=body)


def _truth(condition: ast.Expr) -> ast.Expr:
    yes, no = (ast.Literal(condition.span, "BOOLEAN", value) for value in (True, False))
    return ast.Case(condition.span, None, ((condition, yes),), no)


def _at(name: str, place: int, e: ast.Expr) -> ast.Expr:
    number = ast.Literal(e.span, "INTEGER", place)
    return ast.Index(e.span, ast.Variable(e.span, name), number)
