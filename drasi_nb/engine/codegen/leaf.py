"""The end of a stage: its filters and projections, then what is handed to the next one.

Code is written for one row with a weight, or for two *sides* of one change: ``o`` (before)
and ``n`` (after). A column is a slot of the walk or a local name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, NamedTuple, Protocol

from drasi_nb.engine.codegen.expressions import Expressions
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.errors import EvaluationError
from drasi_nb.language import ast
from drasi_nb.plan.expressions import cannot_fail, is_condition
from drasi_nb.plan.nodes import Filter, Project, free_variables, walk

Side = Literal["o", "n"]
SIDES: tuple[Side, Side] = ("o", "n")
Operators = tuple[Filter | Project, ...]


class Column(NamedTuple):
    """Where a variable's value is; ``changes`` says that its sides may differ."""

    slot: str | None
    local: str
    changes: bool


Columns = dict[str, Column]


class Slots(Protocol):
    """The elements bound by a walk, as the code under construction reads them."""

    def property(self, slot: str, key: str, side: Side) -> str:
        """Write the read of a property, unless it was read; return its local name."""
        ...

    def value(self, slot: str, side: Side) -> str:
        """Return source for the whole element as a value."""
        ...

    def identity(self, slot: str) -> str:
        """Return source for a hashable identity."""
        ...

    def label_test(self, slot: str, labels: ast.LabelExpr) -> str:
        """Return source for a label predicate."""
        ...

    def scope(self) -> AbstractContextManager[None]:
        """Forget, at its end, the reads that were written inside."""
        ...


class Place:
    """One point in the generated code: columns of one side, ready to translate expressions."""

    def __init__(
        self, writer: Writer, slots: Slots | None, columns: Columns, side: Side
    ) -> None:
        self.writer, self.slots, self.columns = writer, slots, columns
        self.side: Side = side
        self.expressions = Expressions(
            writer, self._variable, self._property, self._slot_call, self._is_slot
        )

    def _variable(self, name: str) -> str:
        column = self.columns[name]
        if column.slot is None:
            return column.local
        assert self.slots is not None
        return self.slots.value(column.slot, self.side)

    def _property(self, name: str, key: str) -> str | None:
        slot = self.columns[name].slot if name in self.columns else None
        if slot is None or self.slots is None:
            return None
        return self.slots.property(slot, key, self.side)

    def _is_slot(self, name: str) -> bool:
        return name in self.columns and self.columns[name].slot is not None

    def _slot_call(self, e: ast.Expr) -> str | None:
        if isinstance(e, ast.HasLabels) and isinstance(e.base, ast.Variable):
            name = e.base.name
            slot = self.columns[name].slot if name in self.columns else None
            if slot is not None and self.slots is not None:
                return self.slots.label_test(slot, e.labels)
        return None

    def prepare(self, e: ast.Expr) -> None:
        """Write the property reads that must stand before an expression."""
        for part in walk(e):
            if isinstance(part, ast.Property) and isinstance(part.base, ast.Variable):
                self._property(part.base.name, part.key)

    def value(self, e: ast.Expr) -> str:
        """Return source for an expression's value, after writing its reads."""
        self.prepare(e)
        return self.expressions.value(e)

    def test(self, e: ast.Expr) -> str:
        """Return source that is truthy where a condition holds, after writing its reads."""
        self.prepare(e)
        return self.expressions.test(e)

    def changes(self, e: ast.Expr) -> bool:
        """Return whether the value may differ between the sides of a change."""
        names = free_variables(e)
        return any(self.columns[name].changes for name in names if name in self.columns)

    def with_columns(self, columns: Columns) -> Place:
        """Return the same point with other columns in scope."""
        return Place(self.writer, self.slots, columns, self.side)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Indent; reads written inside are forgotten at the end."""
        with self.writer.block(head):
            if self.slots is None:
                yield
            else:
                with self.slots.scope():
                    yield


def run_operators(place: Place, operators: Operators, finish: Callable[[Place], None]) -> None:
    """Write the operators, then what ``finish`` writes for the rows that pass."""
    if not operators:
        finish(place)
        return
    head, rest = operators[0], operators[1:]
    if isinstance(head, Filter):
        if not head.conditions:
            run_operators(place, rest, finish)
            return
        remaining = Filter(head.conditions[1:])
        with place.block(f"if {place.test(head.conditions[0])}:"):
            run_operators(place, (remaining, *rest), finish)
        return
    columns: Columns = {}
    for name, e in head.items:
        if isinstance(e, ast.Variable):
            columns[name] = place.columns[e.name]
            continue
        local = place.writer.fresh("c")
        source = place.value(e)
        place.writer.line(f"{local} = {source}")
        columns[name] = Column(None, local, place.changes(e))
    run_operators(place.with_columns(columns), rest, finish)


def may_fail(operators: Operators, slots: frozenset[str]) -> bool:
    """Return whether running the operators may raise EvaluationError."""
    for operator in operators:
        if isinstance(operator, Filter):
            expressions = list(operator.conditions)
            if not all(map(is_condition, expressions)):
                return True  # a column that should be a boolean
        else:
            expressions = [e for _, e in operator.items]
            slots = frozenset(
                name
                for name, e in operator.items
                if isinstance(e, ast.Variable) and e.name in slots
            )
        if not all(cannot_fail(e, slots) for e in expressions):
            return True
    return False


class Sink(Protocol):
    """What comes after a stage: a group stage or the result."""

    needs_row_key: bool

    def may_fail(self, slots: frozenset[str]) -> bool:
        """Return whether computing the arguments may raise."""
        ...

    def begin(self) -> None:
        """Forget what was written for another function."""
        ...

    def hoist(self, place: Place) -> None:
        """Write once what both sides share; called before the sides where nothing filters."""
        ...

    def arguments(self, place: Place, side: Side) -> None:
        """Write assignments of one row's arguments to locals that end in the side."""
        ...

    def send(self, place: Place, key: str, what: Literal["add", "remove", "update"]) -> None:
        """Write the call that hands over what ``arguments`` assigned."""
        ...

    def changes(self, place: Place) -> bool:
        """Return whether what is handed over may differ between the sides of a change."""
        ...


class Leaf:
    """Operators and sink of one stage."""

    def __init__(self, writer: Writer, operators: Operators, sink: Sink, fail: str) -> None:
        self.writer, self.operators, self.sink, self.fail = writer, operators, sink, fail

    def needs_key(self) -> bool:
        """Return whether the row key is used for every row, not only for failing ones."""
        return self.sink.needs_row_key

    def _may_fail(self, slots: frozenset[str]) -> bool:
        return may_fail(self.operators, slots) or self.sink.may_fail(slots)

    def _guarded(
        self,
        place: Place,
        key: str,
        weight: str,
        slots: frozenset[str],
        body: Callable[[], None],
    ) -> None:
        if not self._may_fail(slots):
            body()
            return
        with place.block("try:"):
            body()
        with place.block(f"except {self.writer.bind(EvaluationError)} as error:"):
            self.writer.line(f"{self.fail}({weight}, {key}, error)")

    def weighted(self, place: Place, key: str, slots: frozenset[str]) -> None:
        """Write the leaf of a walk with weight ``w``."""
        self.sink.begin()

        def finish(end: Place) -> None:
            self.sink.arguments(end, "n")
            with end.block("if w > 0:"):
                self.sink.send(end, key, "add")
            with end.block("else:"):
                self.sink.send(end, key, "remove")

        self._guarded(
            place, key, "w", slots, lambda: run_operators(place, self.operators, finish)
        )

    def sides(
        self,
        before: Place,
        after: Place,
        key: str,
        slots: frozenset[str],
        flags: tuple[str, str],
    ) -> None:
        """Write the leaf of a change seen from both sides; a side counts where its flag is true."""
        line = self.writer.line
        self.sink.begin()
        if not self.operators:
            self.sink.hoist(after)
        line("ok_o = ok_n = False")
        ends = {
            "o": self._side(before, key, slots, flags[0], "-1"),
            "n": self._side(after, key, slots, flags[1], "1"),
        }
        with after.block("if ok_o:"):
            with after.block("if ok_n:"):
                if self.sink.changes(ends["n"]):
                    self.sink.send(ends["n"], key, "update")
                else:
                    line("pass")
            with after.block("else:"):
                self.sink.send(ends["o"], key, "remove")
        with after.block("elif ok_n:"):
            self.sink.send(ends["n"], key, "add")

    def _side(
        self, place: Place, key: str, slots: frozenset[str], flag: str, weight: str
    ) -> Place:
        """Write the arguments of one side; return the place at their end."""
        ends: list[Place] = []

        def finish(end: Place) -> None:
            ends.append(end)
            self.sink.arguments(end, place.side)
            self.writer.line(f"ok_{place.side} = True")

        def body() -> None:
            run_operators(place, self.operators, finish)

        if flag == "True":
            self._guarded(place, key, weight, slots, body)
        else:
            with place.block(f"if {flag}:"):
                self._guarded(place, key, weight, slots, body)
        return ends[0]
