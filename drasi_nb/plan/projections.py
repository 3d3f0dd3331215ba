"""WITH and RETURN: items, grouping, order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.language import ast
from drasi_nb.plan.calls import Scope, has_aggregate, is_aggregate
from drasi_nb.plan.evaluation import evaluate
from drasi_nb.plan.expressions import Checker
from drasi_nb.plan.nodes import (
    Aggregate,
    AggregateCall,
    Apply,
    Operator,
    Project,
    Sort,
    Union,
    free_variables,
    rewrite,
)
from drasi_nb.plan.subqueries import bare_pattern
from drasi_nb.span import NOWHERE


@dataclass(slots=True)
class Column:
    """One checked item of a projection; ``source`` is its text's tree, before the check."""

    name: str
    expression: ast.Expr
    kind: str
    source: ast.Expr


@dataclass(slots=True)
class Order:
    """ORDER BY, resolved: keys over the projected columns, and columns only they need."""

    keys: list[tuple[ast.Expr, bool]] = field(default_factory=list[Any])
    hidden: list[Column] = field(default_factory=list[Column])


def items_of(
    projection: ast.Projection, scope: Scope, checker: Checker, *, final: bool
) -> list[tuple[str, ast.Item]]:
    """Return the items by name, ``*`` spelled out.

    Raises:
        QuerySemanticError: A name is missing or there twice.
    """
    items = list[tuple[str, ast.Item]]()
    if projection.star:
        names = [name for name in scope if not name.startswith("#")]
        if not names and final:
            raise checker.error(
                "there is nothing for * to stand for", projection.span, "no-variables-in-scope"
            )
        for name in sorted(names):
            variable = ast.Variable(projection.span, name)
            items.append((name, ast.Item(projection.span, variable, name, name)))
    for item in projection.items:
        named = item.alias is not None or isinstance(item.expression, ast.Variable)
        if not named and not final:
            raise checker.error(
                "an expression in WITH needs a name", item.span, "missing-alias", "add AS name"
            )
        items.append((item.alias or item.name, item))
    seen = set[str]()
    for name, item in items:
        if name in seen:
            raise checker.error(
                f"two columns are named {name!r}", item.span, "column-clash", "use AS"
            )
        seen.add(name)
    return items


def aggregate(columns: list[Column], checker: Checker) -> list[Operator]:
    """Return Aggregate, and a Project for aggregates that stand inside an expression.

    Raises:
        QuerySemanticError: An expression mixes an aggregate with what is not grouped by.
    """
    keys = [(c.name, c.expression) for c in columns if not has_aggregate(c.expression)]
    calls: list[tuple[str, AggregateCall]] = []
    outputs: list[tuple[str, ast.Expr]] = []

    def lifted(expression: ast.Expr) -> ast.Expr | None:
        if is_aggregate(expression):
            name = f"#a{len(calls)}"
            calls.append((name, _call(expression)))
            return ast.Variable(expression.span, name)
        for name, key in keys:
            if key == expression and isinstance(expression, ast.Variable | ast.Property):
                return ast.Variable(expression.span, name)
        return None

    for column in columns:
        expression = column.expression
        if not has_aggregate(expression):
            outputs.append((column.name, ast.Variable(expression.span, column.name)))
            continue
        rewritten = rewrite(expression, lifted)
        known = {key for key, _ in keys} | {call for call, _ in calls}
        loose = sorted(free_variables(rewritten) - known)
        if loose:
            raise checker.error(
                f"{loose[0]!r} is neither grouped by nor aggregated in this expression",
                expression.span,
                "ambiguous-aggregation",
                f"return {loose[0]!r} as a column of its own, or aggregate it",
            )
        outputs.append((column.name, rewritten))
    return [Aggregate(tuple(keys), tuple(calls)), Project(tuple(outputs))]


def _call(expression: ast.Expr) -> AggregateCall:
    if isinstance(expression, ast.FunctionCall):
        distinct = expression.distinct and expression.name not in ("min", "max")
        return AggregateCall(expression.name, expression.args[0], distinct)
    return AggregateCall("count", None, False)


def distinct(names: list[str]) -> Aggregate:
    """Return the operator that keeps one of equal rows."""
    return Aggregate(tuple((name, ast.Variable(NOWHERE, name)) for name in names), ())


def only(names: list[str]) -> Project:
    """Return the operator that keeps these columns."""
    return Project(tuple((name, ast.Variable(NOWHERE, name)) for name in names))


def order_of(
    projection: ast.Projection, columns: list[Column], before: Scope, checker: Checker
) -> Order:
    """Return the sort keys of a projection.

    A key sees the projected names; unless the projection groups or is DISTINCT, also the
    names before it.

    Raises:
        QuerySemanticError: A key uses what it does not see, or aggregates where nothing does.
    """
    order = Order()
    after = {column.name: column.kind for column in columns}
    grouped = any(has_aggregate(column.expression) for column in columns)
    for key in projection.order_by:
        if has_aggregate(key.expression) and not grouped:
            checker.no_aggregate(
                key.expression, "ORDER BY without an aggregate in its projection"
            )
        by_name = by_projected(key.expression, columns)
        if free_variables(by_name) <= after.keys() and not has_aggregate(by_name):
            order.keys.append((checker.check(by_name, after)[0], key.descending))
            continue
        if grouped or projection.distinct:
            checker.no_aggregate(by_name, "ORDER BY, unless its projection has it too")
            checker.check(by_name, after)  # names what it does not see
        source = rewrite(key.expression, lambda e: _unprojected(e, columns))
        checked, kind = checker.check(source, before)
        name = checker.fresh("o")
        order.hidden.append(Column(name, checked, kind, source))
        order.keys.append((ast.Variable(key.span, name), key.descending))
    return order


def by_projected(expression: ast.Expr, columns: list[Column]) -> ast.Expr:
    """Return an expression in which projected ones stand under their names."""
    after = {column.name: column.kind for column in columns}
    changed: ast.Expr = rewrite(expression, lambda e: _projected(e, columns, after))
    return changed


def _projected(e: ast.Expr, columns: list[Column], after: Scope) -> ast.Expr | None:
    if isinstance(e, ast.Variable) and e.name in after:
        return e
    for column in columns:
        if column.source == e:
            return ast.Variable(e.span, column.name)
    return None


def _unprojected(e: ast.Expr, columns: list[Column]) -> ast.Expr | None:
    if isinstance(e, ast.Variable):
        for column in columns:
            if column.name == e.name:
                return column.source
    return None


def sort_of(projection: ast.Projection, order: Order, checker: Checker) -> Sort | None:
    """Return the operator for ORDER BY, SKIP and LIMIT, if there is one of them.

    Raises:
        QuerySemanticError: SKIP or LIMIT is no constant, or not a count.
    """
    skip = _count(projection.skip, "SKIP", checker)
    limit = _count(projection.limit, "LIMIT", checker)
    if not order.keys and skip is None and limit is None:
        return None
    return Sort(tuple(order.keys), skip or 0, limit)


def _count(expression: ast.Expr | None, what: str, checker: Checker) -> int | None:
    if expression is None:
        return None
    checker.no_aggregate(expression, what)
    if free_variables(expression):
        raise checker.error(
            f"{what} takes a constant, not a variable",
            expression.span,
            "non-constant-expression",
        )
    checked, _ = checker.check(expression, {})
    try:
        value = evaluate(checked, {})
    except EvaluationError as error:
        raise checker.error(f"{what}: {error}", expression.span, error.code) from None
    if type(value) is not int:
        raise checker.error(
            f"{what} takes an INTEGER, this is {value!r}",
            expression.span,
            "invalid-argument-type",
        )
    if value < 0:
        raise checker.error(
            f"{what} takes no negative number, this is {value}",
            expression.span,
            "negative-integer-argument",
        )
    return value


def group_keys(
    keys: tuple[ast.Expr, ...],
    columns: list[Column],
    checker: Checker,
    check: Callable[[ast.Expr], tuple[ast.Expr, str]],
) -> list[Column]:
    """Return the keys of GROUP BY that are no columns; every other column must be one.

    Raises:
        QuerySemanticError: A column is neither, or a key aggregates.
    """
    named = {key.name for key in keys if isinstance(key, ast.Variable)}
    for column in columns:
        is_key = column.name in named or column.source in keys
        if not is_key and not has_aggregate(column.expression):
            raise checker.error(
                f"{column.name!r} is neither aggregated nor in GROUP BY",
                column.expression.span,
                "not-grouped",
                "add it to GROUP BY, or aggregate it",
            )
    out = list[Column]()
    for key in keys:
        is_column = isinstance(key, ast.Variable) and any(c.name == key.name for c in columns)
        if is_column or any(c.source == key for c in columns):
            continue
        checker.no_aggregate(key, "GROUP BY")
        checked, kind = check(key)
        out.append(Column(checker.fresh("g"), checked, kind, key))
    return out


def no_bare_pattern(projection: ast.Projection, checker: Checker) -> None:
    """Raise QuerySemanticError where an item is a pattern, which is no value."""
    for item in projection.items:
        part = bare_pattern(item.expression)
        if part is not None:
            raise checker.error(
                "a pattern is a condition, not a value",
                part.span,
                "unexpected-syntax",
                "write EXISTS { pattern }, COUNT { pattern } or [pattern | expression]",
            )


def with_kept_order(operators: tuple[Operator, ...], *, wanted: bool) -> tuple[Operator, ...]:
    """Return the chain with every Sort told whether a later collect() sees its order."""
    out = list[Operator]()
    for operator in reversed(operators):
        match operator:
            case Aggregate(aggregates=calls):
                wanted = any(call.kind == "collect" for _, call in calls)
            case Sort():
                operator = replace(operator, is_kept=wanted)
                wanted = False
            case Apply(kind=kind, inner=inner):
                inner = with_kept_order(inner, wanted=kind == "collect")
                operator = replace(operator, inner=inner)
            case Union(branches=branches):
                parts = tuple(with_kept_order(part, wanted=wanted) for part in branches)
                operator = Union(parts)
            case _:
                pass
        out.append(operator)
    return tuple(reversed(out))
