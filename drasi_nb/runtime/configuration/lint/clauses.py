"""Differences in clauses and projections."""

from __future__ import annotations

from collections.abc import Iterator

from drasi_nb.functions.aggregates import AGGREGATES
from drasi_nb.language import ast
from drasi_nb.runtime.configuration.lint.rules import Found
from drasi_nb.runtime.configuration.lint.values import kind_of
from drasi_nb.runtime.configuration.lint.walking import Text, walk
from drasi_nb.span import Span


def found(query: Text) -> Iterator[Found]:
    """Yield the differences in clauses."""
    for node in walk(query.tree):
        if isinstance(node, ast.Query) and len(node.parts) > 1:
            for part in node.parts[1:]:
                yield Found("union", Span(part.span.start, part.span.start + 1))
        elif isinstance(node, ast.SingleQuery):
            yield from _sequence(query, node)
        elif isinstance(node, ast.Unwind):
            yield Found("unwind", node.span)
        elif isinstance(node, ast.CallSubquery):
            yield Found("call", node.span)
        elif isinstance(node, ast.Match) and node.optional:
            yield Found("optional-match", node.span)
            if node.where is not None:
                yield Found("optional-where", node.where.span)
        elif isinstance(node, ast.With | ast.Return):
            yield from _projection(query, node)


def _sequence(query: Text, single: ast.SingleQuery) -> Iterator[Found]:
    is_behind, where = False, None
    if single in query.tree.parts and not any(isinstance(c, ast.Match) for c in single.clauses):
        yield Found("no-match", single.span)
    for clause in single.clauses:
        if isinstance(clause, ast.With):
            is_behind = True
        elif isinstance(clause, ast.Match):
            if is_behind:
                yield Found("match-after-with", clause.span)
            elif where is not None and query.language == "cypher":
                yield Found("where-between-matches", where.span)
            where = clause.where


def _projection(query: Text, clause: ast.With | ast.Return) -> Iterator[Found]:
    projection = clause.projection
    written = query.of(clause).lstrip()[:6].upper()
    is_statement = query.language == "gql" and not written.startswith(("RETURN", "YIELD"))
    if projection.star and not is_statement:
        yield Found("star", projection.span)
    if projection.distinct:
        yield Found("distinct", projection.span)
    for key in projection.order_by[:1]:
        yield Found("order-by", key.span)
    for code, bound in (("skip", projection.skip), ("limit", projection.limit)):
        if bound is not None:
            yield Found(code, bound.span)
    if isinstance(clause, ast.Return) or query.language == "cypher":
        yield from _names(projection)
    yield from _groups(projection, is_last=isinstance(clause, ast.Return))


def _names(projection: ast.Projection) -> Iterator[Found]:
    for item in projection.items:
        if item.alias is None and not isinstance(item.expression, ast.Variable):
            yield Found("column-name", item.span, repr(_their_name(item.expression)))


def _their_name(e: ast.Expr) -> str:
    match e:
        case ast.Property(key=key):
            return key
        case ast.FunctionCall(name=name):
            return name
        case ast.Case():
            return "case"
        case ast.ListLiteral():
            return "list"
        case ast.MapLiteral():
            return "object"
        case ast.ListComprehension():
            return "iterator"
        case _:
            return "expression"


def is_aggregating(e: ast.Node) -> bool:
    """Return whether an expression holds an aggregate."""
    return any(
        isinstance(node, ast.CountStar)
        or (isinstance(node, ast.FunctionCall) and node.name.lower() in AGGREGATES)
        for node in walk(e)
    )


def _groups(projection: ast.Projection, *, is_last: bool) -> Iterator[Found]:
    aggregates = [item for item in projection.items if is_aggregating(item)]
    if not aggregates:
        return
    keys = [item for item in projection.items if not is_aggregating(item)]
    for aggregate in aggregates:
        for node in walk(aggregate):
            match node:
                case ast.Binary(op="/", right=right) if is_aggregating(right):
                    yield Found("aggregate-divisor", node.span)
                case _:
                    pass
    if not keys and not projection.star and not projection.group_by:
        yield Found("global-aggregate", aggregates[0].span)
    elif is_last:
        yield Found("emptied-group", aggregates[0].span)
    for key in keys:
        kind = kind_of(key.expression)
        is_element = isinstance(key.expression, ast.Variable)
        if kind in ("INTEGER", "FLOAT") or (kind is None and not is_element):
            yield Found("group-key", key.span)
