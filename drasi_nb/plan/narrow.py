"""The rule that stages behind a pattern are given properties instead of whole elements."""

from __future__ import annotations

from dataclasses import replace

from drasi_nb.language import ast
from drasi_nb.plan.nodes import (
    Aggregate,
    AggregateCall,
    Filter,
    Match,
    Operator,
    Project,
    Timed,
    Unwind,
    free_variables,
    rewrite,
)
from drasi_nb.span import NOWHERE

Item = tuple[str, ast.Expr]


def narrowed(operators: tuple[Operator, ...]) -> tuple[Operator, ...]:
    """Return the chain with a Project of properties before its Unwind or Timed, where possible.

    It is while only conditions, UNWINDs, calls of time and the next projection read the
    pattern's elements.
    """
    if len(operators) < 3 or not isinstance(operators[0], Match):
        return operators
    first, given, later = operators[0], tuple[Item, ...](), operators[1:]
    slots = frozenset(first.names)
    if isinstance(later[0], Project) and isinstance(later[1], Timed):
        handed_on = {name for name, e in later[0].items if e == ast.Variable(e.span, name)}
        slots &= handed_on
        given = tuple(item for item in later[0].items if item[0] not in slots)
        later = later[1:]
    elif not isinstance(later[0], Unwind):
        return operators
    reads: dict[tuple[str, str], str] = {}
    whole = set[str]()

    def change(e: ast.Expr) -> ast.Expr | None:
        match e:
            case ast.Property(base=ast.Variable(name=name), key=key) if name in slots:
                return ast.Variable(e.span, reads.setdefault((name, key), f"#{name}.{key}"))
            case ast.ListComprehension() | ast.Quantifier() | ast.Reduce():
                whole.update(free_variables(e) & slots)  # its variable may hide a slot
                return e
            case ast.Variable(name=name) if name in slots:
                whole.add(name)
            case _:
                pass
        return None

    out = list[Operator]()
    for place, operator in enumerate(later):
        match operator:
            case Unwind(source=source):
                out.append(replace(operator, source=rewrite(source, change)))
                slots -= {operator.name}
            case Timed(calls=calls):
                whole.update(name for call in calls for name in call.arguments if name in slots)
                out.append(operator)
            case Filter(conditions=conditions):
                out.append(Filter(tuple(rewrite(e, change) for e in conditions)))
            case Project(items=items):
                out.append(Project(tuple((n, rewrite(e, change)) for n, e in items)))
            case Aggregate(keys=keys, aggregates=calls):
                changed = tuple((name, _call(call, change)) for name, call in calls)
                out.append(Aggregate(tuple((n, rewrite(e, change)) for n, e in keys), changed))
            case _:
                return operators
        if isinstance(operator, Project | Aggregate):
            kept = [(n, ast.Variable(NOWHERE, n)) for n in sorted(whole)]
            read = [
                (column, ast.Property(NOWHERE, ast.Variable(NOWHERE, name), key))
                for (name, key), column in reads.items()
            ]
            return (first, Project((*kept, *given, *read)), *out, *later[place + 1 :])
    return operators


def _call(call: AggregateCall, change: object) -> AggregateCall:
    if call.argument is None:
        return call
    return replace(call, argument=rewrite(call.argument, change))
