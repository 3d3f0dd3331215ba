"""A plan as text: a tree of operators, the last on top, expressions as the query has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from drasi_nb.functions.timed import TIMED
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
    Session,
    Sort,
    Timed,
    Union,
    Unwind,
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What an operator did so far.

    Attributes:
        held: Rows or groups it keeps; None where it keeps none.
        taken: Changes of rows, or groups, that reached it, those of one tick as one; None of a
            pattern, which the changes of elements reach.
        handed: Changes of rows it handed on.
        mean_us: Mean time of a tick (a walk, of a pattern) in us; None before one was timed.
    """

    held: int | None
    taken: int | None
    handed: int | None
    mean_us: float | None

    def texts(self) -> tuple[str, str, str, str]:
        """Return held, in, out and time, empty where there is nothing to tell."""
        held, taken, handed = (
            "" if n is None else f"{n:,}" for n in (self.held, self.taken, self.handed)
        )
        time = "" if self.mean_us is None else f"{self.mean_us:,.1f} µs"
        return held, taken, handed, time


Note = Callable[[Operator], Numbers | None]
Line = tuple[str, Numbers | None]


class Explanation(str):
    """A plan as text; in a notebook a table."""

    __slots__ = ("lines",)
    lines: tuple[Line, ...]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        number = '<td style="text-align:right;font-variant-numeric:tabular-nums">'
        rows = [
            f'<tr><td style="text-align:left;white-space:pre;font-family:monospace">'
            f"{escape(line)}</td>"
            + "".join(f"{number}{escape(text)}</td>" for text in _texts(numbers))
            + "</tr>"
            for line, numbers in self.lines
        ]
        heads = "".join(
            f'<th style="text-align:{side}">{head}</th>'
            for head, side in (
                ("operator", "left"), ("held", "right"), ("in", "right"), ("out", "right"),
                ("time", "right"),
            )
        )  # fmt: skip
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _texts(numbers: Numbers | None) -> tuple[str, str, str, str]:
    return ("", "", "", "") if numbers is None else numbers.texts()


def explain(operators: tuple[Operator, ...], text: str, note: Note) -> Explanation:
    """Return the tree of a chain.

    Args:
        operators: First to last.
        text: The query they were made of.
        note: What an operator did, where that is known.
    """
    lines = tuple(_Writer(text, note).chain(operators, 0))
    out = Explanation("\n".join(line + _noted(numbers) for line, numbers in lines))
    out.lines = lines
    return out


def _noted(numbers: Numbers | None) -> str:
    words = zip(_texts(numbers), ("held", "in", "out", ""), strict=True)
    note = ", ".join(f"{text} {word}".strip() for text, word in words if text)
    return f"  · {note}" if note else ""


class _Writer:
    def __init__(self, text: str, note: Note) -> None:
        self.text, self.note = text, note

    def chain(self, operators: tuple[Operator, ...], depth: int) -> Iterable[Line]:
        for operator in reversed(operators):
            yield "  " * depth + self.line(operator), self.note(operator)
            depth += 1
            inner = [operator.inner] if isinstance(operator, Apply) else []
            for branch in operator.branches if isinstance(operator, Union) else inner:
                for line, numbers in self.chain(branch, 0):
                    yield f"{'  ' * depth}| {line}", numbers

    def line(self, operator: Operator) -> str:
        match operator:
            case Match():
                pattern = self.pattern(operator)
                return "Match " + pattern + self.where(operator.filters)
            case Filter(conditions=conditions):
                return "Filter" + self.where(conditions).removeprefix(" where")
            case Project(items=items):
                return f"Project {self.columns(items)}".rstrip()
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
                called = (TIMED[call.function].name.lstrip("#") for call in calls)
                return f"Timed {', '.join(called)}"
            case Session():
                return "Session"
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
        shown = list[str]()
        for name, e in items:
            if not name.startswith("#"):
                text = self.written(e)
                shown.append(name if name == text else f"{text} as {name}")
            elif "." in name:  # a property in place of its element
                shown.append(name[1:])
        return ", ".join(shown)

    def call(self, call: AggregateCall) -> str:
        inside = "*" if call.argument is None else self.written(call.argument)
        return f"{call.kind}({'distinct ' * call.distinct}{inside})"

    def written(self, e: ast.Expr) -> str:
        if isinstance(e, ast.Variable):
            return e.name if not e.name.startswith("#") else self.slice(e) or "subquery"
        return self.slice(e) or type(e).__name__

    def slice(self, part: ast.Node) -> str:
        return " ".join(self.text[part.span.start : part.span.stop].split())
