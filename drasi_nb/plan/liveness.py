"""Which columns a chain of operators still needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from drasi_nb.language import ast
from drasi_nb.plan.nodes import (
    STEP,
    Aggregate,
    Apply,
    Filter,
    Match,
    Operator,
    Project,
    Session,
    Sort,
    Timed,
    Union,
    Unwind,
    free_variables,
)
from drasi_nb.values.graph import STAMP


def _free(expressions: Iterable[ast.Expr]) -> frozenset[str]:
    return frozenset[str]().union(*map(free_variables, expressions))


def needed(operators: Iterable[Operator], after: frozenset[str]) -> frozenset[str]:
    """Return the columns of the incoming rows that a chain reads, if ``after`` is read of it."""
    for operator in reversed(tuple(operators)):
        after = _before(operator, after)
    return after


def _before(operator: Operator, after: frozenset[str]) -> frozenset[str]:
    match operator:
        case Project(items=items):
            return _free(e for _, e in items)
        case Filter(conditions=conditions):
            return after | _free(conditions)
        case Aggregate(keys=keys, aggregates=calls):
            arguments = [call.argument for _, call in calls if call.argument is not None]
            return _free([e for _, e in keys] + arguments)
        case Unwind(source=source, name=name):
            return (after - {name}) | free_variables(source)
        case Sort(keys=keys):
            return after | _free(e for e, _ in keys)
        case Apply(inner=inner, adds=adds):
            return (after - frozenset(adds)) | needed(inner, _read_inside(operator, after))
        case Timed(calls=calls, stamp=stamp):
            read = frozenset(name for call in calls for name in call.arguments)
            if stamp is not None:
                read |= {stamp}
            return (after - {call.name for call in calls}) | read
        case Session(time=time, gap=gap, partition=partition, name=name):
            return (after - {name}) | {time, gap, *partition}
        case Union(branches=branches):
            return frozenset[str]().union(*(needed(branch, after) for branch in branches))
        case Match():
            bound = operator.names
            steps = [slot.step for slot in operator.relations if slot.step is not None]
            free = (_free(operator.filters) - {*bound}) | (_free(steps) - {STEP})
            return (after - {*bound}) | operator.imports | free


def _read_inside(operator: Apply, after: frozenset[str]) -> frozenset[str]:
    """Return the columns of an applied chain's rows that are read."""
    if operator.kind in ("join", "optional"):
        return after & frozenset(operator.adds)
    if operator.kind == "collect":
        projects = [op for op in operator.inner if isinstance(op, Project)]
        return frozenset(name for name, _ in projects[-1].items)
    return frozenset()


def read_of_matches(
    operators: Iterable[Operator], after: frozenset[str]
) -> dict[int, frozenset[str]]:
    """Return, by the id of every Match of a chain, which of its slots are read as values."""
    out: dict[int, frozenset[str]] = {}
    for operator in reversed(tuple(operators)):
        match operator:
            case Match(filters=filters):
                out[id(operator)] = after | _free(filters)
            case Apply(inner=inner):
                out |= read_of_matches(inner, _read_inside(operator, after))
            case Union(branches=branches):
                for branch in branches:
                    out |= read_of_matches(branch, after)
            case _:
                pass
        after = _before(operator, after)
    return out


def pruned(operators: tuple[Operator, ...], after: frozenset[str]) -> tuple[Operator, ...]:
    """Return the chain without columns that are only handed on and nobody reads."""
    out = list[Operator]()
    for operator in reversed(operators):
        if isinstance(operator, Apply):
            kept = operator.adds
            if operator.kind in ("join", "optional"):
                kept = tuple(name for name in operator.adds if name in after)
            inner = pruned(operator.inner, _read_inside(operator, after))
            operator = replace(operator, adds=kept, inner=inner)
        elif isinstance(operator, Union):
            operator = Union(tuple(pruned(branch, after) for branch in operator.branches))
        elif isinstance(operator, Project):
            items = operator.items
            operator = Project(
                tuple((n, e) for n, e in items if n in after or not isinstance(e, ast.Variable))
            )
        out.append(operator)
        after = _before(operator, after)
    return tuple(reversed(out))


def reads_stamps(part: Any) -> bool:
    """Return whether a chain asks anywhere when an element changed."""
    if isinstance(part, ast.Property) and part.key == STAMP:
        return True
    if isinstance(part, tuple):
        return any(map(reads_stamps, part))
    return is_dataclass(part) and any(reads_stamps(getattr(part, f.name)) for f in fields(part))
