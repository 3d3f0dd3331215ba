"""The rule that an UNWIND behind a pattern is given properties instead of whole elements."""

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
    Unwind,
    free_variables,
    rewrite,
)
from drasi_nb.span import NOWHERE


def narrowed(operators: tuple[Operator, ...]) -> tuple[Operator, ...]:
    """Return the chain with a Project between its Match and its Unwind, where that is possible.

    It is while only conditions, UNWINDs and the next projection read the pattern's elements.
    """
    if len(operators) < 2 or not isinstance(operators[0], Match):
        return operators
    first, later = operators[0], operators[1:]
    if not isinstance(later[0], Unwind):
        return operators
    slots = frozenset(first.names)
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
            return (first, Project((*kept, *read)), *out, *later[place + 1 :])
    return operators


def _call(call: AggregateCall, change: object) -> AggregateCall:
    if call.argument is None:
        return call
    return replace(call, argument=rewrite(call.argument, change))
