"""The plan: what a query means, as plain data.

A plan is a chain of operators, first to last. Expressions are syntax-tree nodes in which
parameters have become ``Constant`` and every ``Variable`` names a slot of the Match or a
column of the operator before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from drasi_nb.language import ast
from drasi_nb.values.ordering import identical


@dataclass(frozen=True, slots=True, eq=False)
class Constant(ast.Expr):
    """A bound parameter's value; equal when the values are identical."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and identical(self.value, other.value)

    def __hash__(self) -> int:
        return hash(repr(self.value))


@dataclass(frozen=True, slots=True)
class NodeSlot:
    """One node pattern; a variable that occurs twice is one slot."""

    name: str
    labels: ast.LabelExpr | None


@dataclass(frozen=True, slots=True)
class RelationSlot:
    """One relation pattern between the node slots ``start`` and ``end`` (positions).

    Not ``directed``: the relation may run either way.

    Attributes:
        length: (least, most) number of relations of a variable length, most None without a
            bound; the slot then holds the list of relations in the order of the pattern.
        shortest: "one" or "all" of the shortest trails only.
        step: Condition on each relation of a variable length, over the variable ``STEP``.
        backward: Whether a variable length runs against its relations, from start to end.
        written: Its text, for errors.
    """

    name: str
    types: ast.LabelExpr | None
    start: int
    end: int
    directed: bool
    length: tuple[int, int | None] | None = None
    shortest: str | None = None
    step: ast.Expr | None = None
    backward: bool = False
    written: str = field(default="", compare=False)


STEP = "#step"


def middle(relation: str) -> str:
    """Return the name of the nodes between the relations of a variable length."""
    return f"#between {relation}"


@dataclass(frozen=True, slots=True)
class MakePath(ast.Expr):
    """The path through slots; a variable length brings its relations and what is between."""

    nodes: tuple[ast.Expr, ...]
    relations: tuple[ast.Expr, ...]
    middles: tuple[ast.Expr | None, ...]


@dataclass(frozen=True, slots=True)
class PercentileArgument(ast.Expr):
    """A number and the fraction of it that is asked for, as a pair; null of the number null."""

    value: ast.Expr
    fraction: ast.Expr


@dataclass(frozen=True, slots=True)
class TimedCall:
    """A call that depends on the clock or on the row's own past.

    Attributes:
        name: The column it adds.
        function: Its lower-case name in ``functions.timed``.
        arguments: Columns that hold its arguments.
    """

    name: str
    function: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timed:
    """Adds the columns of timed calls to each row.

    Attributes:
        calls: What to add.
        stamp: The column with the stamp of the row's latest change, None where no element is
            left in the row.
    """

    calls: tuple[TimedCall, ...]
    stamp: str | None


@dataclass(frozen=True, slots=True)
class Session:
    """Adds the window of the session that each row lies in; all are names of columns.

    Attributes:
        time: When the row was.
        gap: The longest time to the next row of the session.
        partition: Rows that differ in these are in different sessions.
        name: The added column.
    """

    time: str
    gap: str
    partition: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Match:
    """All assignments of elements to slots under the filters.

    Attributes:
        nodes: Node slots.
        relations: Relation slots.
        unique: Pairs of relation slots that must hold different relations.
        filters: Conjuncts of every WHERE and inline condition; those that cannot fail first.
        imports: Names of slots that the incoming row binds.
    """

    nodes: tuple[NodeSlot, ...]
    relations: tuple[RelationSlot, ...]
    unique: tuple[tuple[int, int], ...]
    filters: tuple[ast.Expr, ...]
    imports: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the slots: nodes, then relations."""
        return (*(slot.name for slot in self.nodes), *(slot.name for slot in self.relations))


@dataclass(frozen=True, slots=True)
class Project:
    """Replace the columns by computed ones."""

    items: tuple[tuple[str, ast.Expr], ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Keep the rows for which every condition is true."""

    conditions: tuple[ast.Expr, ...]


@dataclass(frozen=True, slots=True)
class AggregateCall:
    """``kind(DISTINCT argument)``; without an argument ``count(*)``."""

    kind: str
    argument: ast.Expr | None
    distinct: bool


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One row per distinct value of the keys; without keys always exactly one.

    Columns: the keys, then the aggregates. Without aggregates it is DISTINCT.
    """

    keys: tuple[tuple[str, ast.Expr], ...]
    aggregates: tuple[tuple[str, AggregateCall], ...]


@dataclass(frozen=True, slots=True)
class Unwind:
    """One row per item of a list; null gives none, any other value is its own only item.

    Attributes:
        most: How many items matter; None is all.
    """

    source: ast.Expr
    name: str
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """Put the rows in order and keep those from ``skip`` on, at most ``limit``.

    Attributes:
        keys: (expression, descending); equal rows go by row key.
        skip: How many to leave out.
        limit: How many to keep, None for all.
        is_kept: Whether the order outlives the operator, in the row key: a later collect()
            sees it.
    """

    keys: tuple[tuple[ast.Expr, bool], ...]
    skip: int = 0
    limit: int | None = None
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Apply:
    """For each row, what a chain of operators makes of it.

    Attributes:
        inner: Starts from the row alone.
        kind: "join" adds the inner columns, once per inner row; "optional" too, nulls where
            there is none; "exists", "count" and "collect" (of the one inner column) add one.
        adds: The added columns.
    """

    inner: tuple[Operator, ...]
    kind: str
    adds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """The rows of every branch, each from the same incoming row; columns have the same names."""

    branches: tuple[tuple[Operator, ...], ...]


Operator = (
    Match | Project | Filter | Aggregate | Unwind | Sort | Apply | Union | Timed | Session
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole query; ``columns`` are those of the result."""

    operators: tuple[Operator, ...]
    columns: tuple[str, ...]


def children(expression: Any) -> Iterator[ast.Expr]:
    """Yield the expressions directly below one, in order."""
    for item in fields(expression):
        if item.name != "span":
            yield from _expressions(getattr(expression, item.name))


def _expressions(value: Any) -> Iterator[ast.Expr]:
    if isinstance(value, ast.Expr):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _expressions(item)


def walk(expression: ast.Expr) -> Iterator[ast.Expr]:
    """Yield an expression and all below it, outer first."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def free_variables(expression: ast.Expr) -> frozenset[str]:
    """Return the variables an expression reads that it does not bind itself."""
    match expression:
        case ast.Variable(name=name):
            return frozenset((name,))
        case ast.ListComprehension(variable=name, source=source, where=where, result=result):
            inner = [free_variables(part) for part in (where, result) if part is not None]
            return free_variables(source) | (frozenset[str]().union(*inner) - {name})
        case ast.Quantifier(variable=name, source=source, where=where):
            return free_variables(source) | (free_variables(where) - {name})
        case ast.Reduce(
            accumulator=acc, initial=initial, variable=name, source=source, body=body
        ):
            outer = free_variables(initial) | free_variables(source)
            return outer | (free_variables(body) - {acc, name})
        case _:
            return frozenset[str]().union(*map(free_variables, children(expression)))


def rewrite(expression: Any, change: Any) -> Any:
    """Return a copy in which ``change(node)`` replaced the outermost nodes it answers for."""
    replaced = change(expression)
    if replaced is not None:
        return replaced
    values = {
        item.name: _rewrite_value(getattr(expression, item.name), change)
        for item in fields(expression)
    }
    return type(expression)(**values)


def _rewrite_value(value: Any, change: Any) -> Any:
    if isinstance(value, ast.Expr) and is_dataclass(value):
        return rewrite(value, change)
    if isinstance(value, tuple):
        return tuple(_rewrite_value(item, change) for item in value)
    return value
