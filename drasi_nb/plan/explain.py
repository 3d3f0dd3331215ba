"""A plan as text: a tree of operators, the last on top, expressions as the query has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from drasi_nb.language import ast
from drasi_nb.plan.nodes import (
    Aggregate,
    AggregateCall,
    Apply,
    Filter,
    Match,
    Operator,
    Project,
    RelationSlot,
    Sort,
    Timed,
    Union,
    Unwind,
)

Note = Callable[[Operator], str]


def explain(operators: tuple[Operator, ...], text: str, note: Note) -> str:
    """Return the tree of a chain.

    Args:
        operators: First to last.
        text: The query they were made of.
        note: What to add to an operator's line.
    """
    return "\n".join(_Writer(text, note).chain(operators, 0))


class _Writer:
    def __init__(self, text: str, note: Note) -> None:
        self.text, self.note = text, note

    def chain(self, operators: tuple[Operator, ...], depth: int) -> Iterable[str]:
        for operator in reversed(operators):
            note = self.note(operator)
            yield "  " * depth + self.line(operator) + (f"  · {note}" if note else "")
            depth += 1
            inner = [operator.inner] if isinstance(operator, Apply) else []
            for branch in operator.branches if isinstance(operator, Union) else inner:
                yield from (f"{'  ' * depth}| {line}" for line in self.chain(branch, 0))

    def line(self, operator: Operator) -> str:
        match operator:
            case Match():
                pattern = self.pattern(operator)
                return "Match " + pattern + self.where(operator.filters)
            case Filter(conditions=conditions):
                return "Filter" + self.where(conditions).removeprefix(" where")
            case Project(items=items):
                return "Project " + self.columns(items)
            case Aggregate(keys=keys, aggregates=calls):
                over = ", ".join(self.call(call) for _, call in calls)
                by = f" by {self.columns(keys)}" if keys else ""
                return f"Aggregate {over}{by}" if calls else f"Distinct {self.columns(keys)}"
            case Unwind(source=source, name=name):
                return f"Unwind {self.written(source)} as {name}"
            case Sort(keys=keys, skip=skip, limit=limit):
                order = ", ".join(self.written(e) + " desc" * down for e, down in keys)
                cut = f" skip {skip}" * bool(skip) + (
                    f" limit {limit}" if limit is not None else ""
                )
                return f"Sort {order}{cut}" if order else f"Limit{cut}"
            case Apply(kind=kind, adds=adds):
                names = ", ".join(name for name in adds if not name.startswith("#"))
                return f"Apply {kind}" + (f" adding {names}" if names else "")
            case Timed(calls=calls):
                return "Timed " + ", ".join(call.function.lstrip("#") for call in calls)
            case Union():
                return "Union"

    def pattern(self, match: Match) -> str:
        ends = {end for slot in match.relations for end in (slot.start, slot.end)}
        alone = [i for i in range(len(match.nodes)) if i not in ends]
        parts = [self.node(match, i) for i in alone]
        return ", ".join([*parts, *(self.relation(match, slot) for slot in match.relations)])

    def node(self, match: Match, i: int) -> str:
        slot = match.nodes[i]
        name = "" if slot.name.startswith("#") else slot.name
        labels = f":{self.slice(slot.labels)}" if slot.labels is not None else ""
        return f"({name}{labels})"

    def relation(self, match: Match, slot: RelationSlot) -> str:
        left, right = self.node(match, slot.start), self.node(match, slot.end)
        if slot.length is not None:
            return f"{left}{slot.written}{right}"
        name = "" if slot.name.startswith("#") else slot.name
        types = f":{self.slice(slot.types)}" if slot.types is not None else ""
        return f"{left}-[{name}{types}]-{'>' * slot.directed}{right}"

    def where(self, conditions: tuple[ast.Expr, ...]) -> str:
        return " where " + " and ".join(map(self.written, conditions)) if conditions else ""

    def columns(self, items: tuple[tuple[str, ast.Expr], ...]) -> str:
        shown = [(name, self.written(e)) for name, e in items if not name.startswith("#")]
        return ", ".join(name if name == text else f"{text} as {name}" for name, text in shown)

    def call(self, call: AggregateCall) -> str:
        inside = "*" if call.argument is None else self.written(call.argument)
        return f"{call.kind}({'distinct ' * call.distinct}{inside})"

    def written(self, e: ast.Expr) -> str:
        if isinstance(e, ast.Variable):
            return e.name if not e.name.startswith("#") else self.slice(e) or "subquery"
        return self.slice(e) or type(e).__name__

    def slice(self, part: ast.Node) -> str:
        return " ".join(self.text[part.span.start : part.span.stop].split())
