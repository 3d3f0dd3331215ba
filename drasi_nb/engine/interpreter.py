"""The oracle: a plan evaluated from scratch, the obvious way.

No codegen, no state, no index; it shares with the engine only the plan and the values.
Cost: the product of all elements over all slots, cut where a prefix cannot match.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from drasi_nb.engine.codegen.expressions import has_labels, project_map
from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import lookup
from drasi_nb.language import ast
from drasi_nb.language.labels import holds
from drasi_nb.plan.nodes import Aggregate, AggregateCall, Constant, Filter, Match, Plan, Project
from drasi_nb.values import arithmetic, logic
from drasi_nb.values.graph import Node, Relation
from drasi_nb.values.ordering import group_key, order_key, unsigned_zero

Env = dict[str, Any]
Row = tuple[Any, Env]  # (row key, columns)
_RULES = {
    "=": logic.eq, "<>": logic.ne, "<": logic.lt, "<=": logic.le, ">": logic.gt, ">=": logic.ge,
    "+": arithmetic.add, "-": arithmetic.sub, "*": arithmetic.mul, "/": arithmetic.div,
    "%": arithmetic.mod, "^": arithmetic.power, "XOR": logic.xor, "IN": logic.in_,
    "STARTS WITH": logic.starts_with, "ENDS WITH": logic.ends_with,
    "CONTAINS": logic.contains, "=~": logic.matches,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlainGraph:
    """A graph as two lists."""

    nodes: list[Node]
    relations: list[Relation]


def evaluate_plan(
    plan: Plan, graph: PlainGraph, *, failed: list[Any] | None = None
) -> dict[Any, tuple[Any, ...]]:
    """Return the result, row key to row.

    Args:
        plan: A bound plan.
        graph: What the query sees.
        failed: Receives the key of every row dropped by an error.
    """
    dropped = [] if failed is None else failed
    rows: Iterable[Row] = []
    for operator in plan.operators:
        match operator:
            case Match():
                rows = list(_match(operator, graph, dropped))
            case Filter(conditions=conditions):
                rows = list(_filter(rows, conditions, dropped))
            case Project(items=items):
                rows = list(_project(rows, items, dropped))
            case Aggregate():
                rows = list(_aggregate(rows, operator, dropped))
    return {key: tuple(env[name] for name in plan.columns) for key, env in rows}


def _match(match: Match, graph: PlainGraph, dropped: list[Any]) -> Iterator[Row]:
    nodes = {(node.source, node.id): node for node in graph.nodes}

    def place(
        slot: int, chosen: list[Relation], ends: dict[int, Node]
    ) -> Iterator[tuple[list[Relation], dict[int, Node]]]:
        if slot == len(match.relations):
            yield chosen, ends
            return
        pattern = match.relations[slot]
        for relation in graph.relations:
            if not holds(pattern.types, (relation.type,)):
                continue
            if any(b == slot and chosen[a] == relation for a, b in match.unique):
                continue
            ways = [(relation.start, relation.end)]
            if not pattern.directed and relation.start != relation.end:
                ways.append((relation.end, relation.start))
            for start, end in ways:
                tail = nodes.get((relation.source, start))
                head = nodes.get((relation.source, end))
                if tail is None or head is None:
                    continue
                after = dict(ends)
                if after.setdefault(pattern.start, tail) != tail:
                    continue
                if after.setdefault(pattern.end, head) != head:
                    continue
                yield from place(slot + 1, [*chosen, relation], after)

    def fill(slot: int, ends: dict[int, Node]) -> Iterator[dict[int, Node]]:
        if slot == len(match.nodes):
            yield ends
            return
        choices = [ends[slot]] if slot in ends else graph.nodes
        for node in choices:
            if holds(match.nodes[slot].labels, node.labels):
                yield from fill(slot + 1, {**ends, slot: node})

    for chosen, ends in place(0, [], {}):
        for filled in fill(0, ends):
            env: Env = {slot.name: filled[i] for i, slot in enumerate(match.nodes)}
            env |= {slot.name: chosen[i] for i, slot in enumerate(match.relations)}
            elements: list[Any] = [filled[i] for i in range(len(match.nodes))]
            key = tuple((element.source, element.id) for element in [*elements, *chosen])
            yield from _filter([(key, env)], match.filters, dropped)


def _filter(
    rows: Iterable[Row], conditions: tuple[ast.Expr, ...], dropped: list[Any]
) -> Iterator[Row]:
    for key, env in rows:
        try:
            if all(
                logic.as_boolean(evaluate(condition, env)) is True for condition in conditions
            ):
                yield key, env
        except EvaluationError:
            dropped.append(key)


def _project(
    rows: Iterable[Row], items: tuple[tuple[str, ast.Expr], ...], dropped: list[Any]
) -> Iterator[Row]:
    for key, env in rows:
        try:
            yield key, {name: evaluate(expression, env) for name, expression in items}
        except EvaluationError:
            dropped.append(key)


def _aggregate(rows: Iterable[Row], operator: Aggregate, dropped: list[Any]) -> Iterator[Row]:
    groups: dict[Any, list[tuple[Any, list[Any], list[Any]]]] = {}
    if not operator.keys:
        groups[()] = []
    for row_key, env in rows:
        try:
            values = [evaluate(expression, env) for _, expression in operator.keys]
            arguments = [_argument(call, env) for _, call in operator.aggregates]
        except EvaluationError:
            dropped.append(row_key)
            continue
        group = tuple(group_key(value) for value in values)
        groups.setdefault(group, []).append((row_key, values, arguments))
    for group, members in groups.items():
        members.sort(key=lambda member: order_key(member[0]))
        columns: Env = {}
        for place, (name, _) in enumerate(operator.keys):
            columns[name] = _representative([values[place] for _, values, _ in members])
        try:
            for place, (name, call) in enumerate(operator.aggregates):
                columns[name] = _total(call, [arguments[place] for _, _, arguments in members])
        except EvaluationError:
            dropped.append(group)
            continue
        yield group, columns


def _representative(values: list[Any]) -> Any:
    """Return the value that stands for equal ones: the integer where 1 and 1.0 meet."""
    integers = [value for value in values if type(value) is int]
    return unsigned_zero((integers or values)[0])


def _argument(call: AggregateCall, env: Env) -> Any:
    if call.argument is None:
        return True
    value = evaluate(call.argument, env)
    return arithmetic.number_argument(value) if call.kind in ("sum", "avg") else value


def _total(call: AggregateCall, arguments: list[Any]) -> Any:
    values = [value for value in arguments if value is not None]
    if call.distinct:
        classes: dict[Any, list[Any]] = {}
        for value in values:
            classes.setdefault(group_key(value), []).append(value)
        values = [_representative(same) for same in classes.values()]
    match call.kind:
        case "count":
            return len(values)
        case "collect":
            return values
        case "min":
            return unsigned_zero(min(values, key=order_key, default=None))
        case "max":
            return unsigned_zero(max(values, key=order_key, default=None))
        case "sum":
            return _sum(values)
        case _:
            return _mean(values)


def _sum(values: list[Any]) -> int | float:
    if all(type(value) is int for value in values):
        total: int = sum(values)
        if not arithmetic.INT_MIN <= total <= arithmetic.INT_MAX:
            raise EvaluationError("sum() does not fit an INTEGER", code="integer-overflow")
        return total
    return _rounded(values, 1)


def _mean(values: list[Any]) -> float | None:
    return _rounded(values, len(values)) if values else None


def _rounded(values: list[Any], divisor: int) -> float:
    """Return the exact sum over ``divisor``, rounded once."""
    odd = [value for value in values if not math.isfinite(value)]
    if odd:
        return math.nan if len(set(map(str, odd))) > 1 else odd[0]
    exact = sum((Fraction(value) for value in values), Fraction(0)) / divisor
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def evaluate(e: ast.Expr, env: Env) -> Any:
    """Return the value of an expression over the columns of a row.

    Raises:
        EvaluationError: The expression fails on these values.
    """
    match e:
        case ast.Literal(value=value) | Constant(value=value):
            return value
        case ast.Variable(name=name):
            return env[name]
        case ast.Property(base=base, key=key):
            return arithmetic.get_property(evaluate(base, env), key)
        case ast.Binary(op=op, left=left, right=right) if op in ("AND", "OR"):
            stop = op == "OR"
            a = logic.as_boolean(evaluate(left, env))
            if a is stop:
                return stop
            b = logic.as_boolean(evaluate(right, env))
            return logic.or_(a, b) if stop else logic.and_(a, b)
        case ast.Binary(op="XOR", left=left, right=right):
            a, b = (logic.as_boolean(evaluate(side, env)) for side in (left, right))
            return logic.xor(a, b)
        case ast.Binary(op=op, left=left, right=right):
            return _RULES[op](evaluate(left, env), evaluate(right, env))
        case ast.Unary(op="NOT", operand=operand):
            return logic.not_(logic.as_boolean(evaluate(operand, env)))
        case ast.Unary(op=op, operand=operand):
            return (arithmetic.neg if op == "-" else arithmetic.pos)(evaluate(operand, env))
        case ast.Comparison(first=first, rest=rest):
            values = [evaluate(first, env), *(evaluate(other, env) for _, other in rest)]
            pairs = [_RULES[op](values[i], values[i + 1]) for i, (op, _) in enumerate(rest)]
            return False if False in pairs else None if None in pairs else True
        case ast.IsNull(operand=operand, negated=negated):
            return (evaluate(operand, env) is None) != negated
        case ast.HasLabels(base=base, labels=labels):
            return has_labels(evaluate(base, env), labels)
        case ast.Case(subject=subject, whens=whens, default=default):
            for when, then in whens:
                if subject is None:
                    hit = logic.as_boolean(evaluate(when, env))
                else:
                    hit = logic.eq(evaluate(subject, env), evaluate(when, env))
                if hit is True:
                    return evaluate(then, env)
            return None if default is None else evaluate(default, env)
        case ast.FunctionCall(name=name, args=args):
            function = lookup(name)
            assert function is not None
            return function.call(*(evaluate(arg, env) for arg in args))
        case ast.ListLiteral(items=items):
            return [evaluate(item, env) for item in items]
        case ast.MapLiteral(entries=entries):
            return {key: evaluate(value, env) for key, value in entries}
        case ast.MapProjection(base=base, items=items):
            parts = [(key, None if v is None else evaluate(v, env)) for key, v in items]
            return project_map(evaluate(base, env), parts)
        case ast.Index(base=base, index=index):
            return arithmetic.get_index(evaluate(base, env), evaluate(index, env))
        case ast.Slice(base=base, start=start, stop=stop):
            listed = evaluate(base, env)
            low = 0 if start is None else evaluate(start, env)
            return arithmetic.get_slice(
                listed, low, arithmetic.INT_MAX if stop is None else evaluate(stop, env)
            )
        case _:
            return _over_list(e, env)


def _over_list(e: ast.Expr, env: Env) -> Any:
    match e:
        case ast.ListComprehension(variable=name, source=source, where=where, result=result):
            return arithmetic.comprehend(
                evaluate(source, env),
                lambda x: (
                    True
                    if where is None
                    else logic.as_boolean(evaluate(where, {**env, name: x}))
                ),
                lambda x: x if result is None else evaluate(result, {**env, name: x}),
            )
        case ast.Quantifier(kind=kind, variable=name, source=source, where=where):
            return arithmetic.quantify(
                kind,
                evaluate(source, env),
                lambda x: logic.as_boolean(evaluate(where, {**env, name: x})),
            )
        case ast.Reduce(
            accumulator=acc, initial=initial, variable=name, source=source, body=body
        ):
            return arithmetic.fold(
                evaluate(initial, env),
                evaluate(source, env),
                lambda a, x: evaluate(body, {**env, acc: a, name: x}),
            )
        case _:
            raise AssertionError(f"the binder lets no {type(e).__name__} through")
