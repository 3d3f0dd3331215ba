"""What a change of many nodes does to rows that are made of one node each, column by column."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import numpy as np
import polars as pl

from drasi_nb.engine.changes import NodeChanges, different
from drasi_nb.engine.codegen.slots import View
from drasi_nb.engine.moved import Block, Part
from drasi_nb.engine.vector.columns import Column, UnsupportedError, column_of
from drasi_nb.engine.vector.source import Source, is_plain
from drasi_nb.language import ast
from drasi_nb.plan.nodes import Constant, Match, walk
from drasi_nb.store.cells import Cell, Cells, Later, listed, some_of, taken
from drasi_nb.store.ids import Ids, ids_at
from drasi_nb.store.numbers import Array, Ints
from drasi_nb.values.graph import STAMP

# NaN is as in Cypher: only <> holds
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge,
}  # fmt: skip


class ChangedNodes(Source):
    """The matches of changed nodes as they were and, below in the same frame, as they are.

    Args:
        match: The pattern.
        view: What is seen.
        slot: Where the nodes are; no other slot holds one of them.
        changes: Of nodes that fit it.

    Attributes:
        count: Number of matches, of each kind.
        matches: Them.
        places: The place of its node among the changes, of each match; None where they are them.
    """

    def __init__(self, match: Match, view: View, slot: int, changes: NodeChanges) -> None:
        super().__init__(match, view)
        self.changes = changes
        self.cells = Cells(view.graph.nodes, changes.handles)
        self.name = match.nodes[slot].name
        self.places: Ints | None = None
        if match.relations:
            frame = self.pattern.around(slot, changes.handles)
            self.places = frame["#"].to_numpy()
            self.matches = frame.drop("#")
        self.count = len(changes) if self.places is None else len(self.places)

    @cached_property
    def matches(self) -> pl.DataFrame:
        return pl.DataFrame({"n0": pl.Series(self.changes.handles, dtype=pl.Int32)})

    @cached_property
    def _columns(self) -> list[pl.Series]:
        return [column.append(column) for column in self.matches.clone()]

    def may_be_many(self, slots: list[str]) -> bool:
        """Return whether a grouping value may be of the nodes."""
        return self.name in slots

    def is_moving(self, e: ast.Expr) -> bool:
        """Return whether the value of an expression may have changed."""
        old = self.changes.old
        return any(isinstance(part, ast.Property) and part.key in old for part in walk(e))

    def add(self, alias: str, slot: str, key: str) -> Column:
        """Have a property of a slot under an alias in the frame."""
        if slot != self.name:
            values = self.property_values(slot, key, self.matches)
            column = column_of(values + values)
        else:
            column = _column(*self._sides(key))
        self._columns.append(column.values.alias(alias))
        return column

    def _sides(self, key: str) -> tuple[Cell, Cell]:
        """Return a property of the nodes, before and after."""
        if key in self.changes.old:
            before, after = self.changes.old[key], self.changes.new[key]
        else:
            before = after = self.cells.read(key)
        if self.places is not None:
            before, after = taken(before, self.places), taken(after, self.places)
        return before, after

    def frame(self) -> pl.DataFrame:
        """Return the matches with the columns that were asked for, and their weights."""
        weights = pl.Series("weight", np.repeat([-1, 1], self.count))
        return pl.DataFrame([*self._columns, weights])

    def value(self, e: ast.Expr) -> pl.Series:
        """Return what an expression is, before and after."""
        expr = self.translator.value(e).expr
        made = pl.DataFrame(self._columns).select(expr.alias("v"))["v"]
        return made if len(made) > 1 else made.new_from_index(0, 2 * self.count)

    def holds(self, conditions: list[ast.Expr]) -> tuple[Any, Any]:
        """Return where all conditions held, and where they do now."""
        if not conditions:
            every = np.ones(self.count, np.bool_)
            return every, every
        was = now = np.ones(self.count, np.bool_)
        tests = list[pl.Expr]()
        for e in conditions:
            told = self._compared(e)
            if told is None:
                tests.append(self.translator.condition(e))
            else:
                was, now = was & told[0], now & told[1]
        if not tests:
            return was, now
        frame = pl.DataFrame(self._columns)
        both = np.concatenate([was, now])
        for test in frame.select(test.alias(str(n)) for n, test in enumerate(tests)):
            # null is not held; one value is that of constants
            both &= (test.fill_null(False) if test.null_count() else test).to_numpy()
        return both[: self.count], both[self.count :]

    def numbers(self, e: ast.Expr) -> tuple[Array, Array] | None:
        """Return a property of the nodes, before and after, where all are numbers of a kind."""
        match e:
            case ast.Property(base=ast.Variable(name=self.name), key=key) if key != STAMP:
                before, after = self._sides(key)
                if not isinstance(before, list) and not isinstance(after, list):
                    return before, after
            case _:
                pass
        return None

    def _compared(self, e: ast.Expr) -> tuple[Any, Any] | None:
        """Return where a float compares to a number, before and after; None of other conditions."""
        match e:
            case ast.Comparison(
                first=ast.Property(),
                rest=((op, ast.Literal(value=value) | Constant(value=value)),),
            ) if type(value) is float or (type(value) is int and abs(value) <= 2**53):
                sides = self.numbers(e.first)
                if sides is not None and all(side.dtype.kind == "f" for side in sides):
                    return _COMPARED[op](sides[0], value), _COMPARED[op](sides[1], value)
            case _:
                pass
        return None


def _column(before: Cell, after: Cell) -> Column:
    if isinstance(before, list) or isinstance(after, list) or before.dtype != after.dtype:
        return column_of([*listed(before), *listed(after)])
    values = np.concatenate([before, after])
    if before.dtype.kind == "f":
        return Column(pl.Series(values), "f", 0, 0)
    return Column(pl.Series(values, dtype=pl.Int64), "i", int(values.min()), int(values.max()))


def _cell(values: pl.Series) -> Cell:
    if values.dtype in (pl.Float64(), pl.Int64()) and not values.null_count():
        return values.to_numpy()
    return values.to_list()


class _Columns:
    """The columns of the rows, before and after."""

    def __init__(self, source: ChangedNodes, columns: list[ast.Expr]) -> None:
        self._source, self._count = source, len(columns)
        self.moving, self._computed = dict[int, tuple[Cell, Cell]](), dict[int, Cell]()
        self._plain = dict[int, str]()
        count, changes = source.count, source.changes
        for c, e in enumerate(columns):
            if source.is_slot(e):
                raise UnsupportedError("a whole element")
            key = e.key if isinstance(e, ast.Property) and is_plain(e) else None
            if not source.is_moving(e):
                if key is not None:
                    self._plain[c] = key
                else:
                    self._computed[c] = _cell(source.value(e)[:count])
            elif key is not None:
                self.moving[c] = changes.old[key], changes.new[key]
            else:
                values = source.value(e)
                self.moving[c] = _cell(values[:count]), _cell(values[count:])

    def at(self, places: Ints, *sides: int) -> list[list[Later]]:
        """Return the columns of rows at some places, as they were (0), as they are (1)."""
        source = self._source
        still: dict[int, Later] = {
            c: partial(some_of, some_of(values, places)) for c, values in self._computed.items()
        }
        if self._plain and len(places):
            cells = Cells(source.view.graph.nodes, source.cells.rows[places])
            still |= {c: cells.later(key) for c, key in self._plain.items()}
        else:
            still |= {c: partial(some_of, list[Any]()) for c in self._plain}
        made = list[list[Later]]()
        for side in sides:
            moving = {
                c: partial(some_of, some_of(both[side], places))
                for c, both in self.moving.items()
            }
            made.append([moving[c] if c in moving else still[c] for c in range(self._count)])
        return made


def moved(
    source: ChangedNodes, conditions: list[ast.Expr], columns: list[ast.Expr]
) -> Part | None:
    """Return what becomes of the rows; None where nothing does.

    Raises:
        UnsupportedError: It must go row by row.
    """
    changes = source.changes
    was, now = source.holds(conditions)
    made = _Columns(source, columns)
    keys: Ids = changes.ids
    if len(source.view.sources) > 1:
        handles = pl.Series(changes.handles, dtype=pl.Int32)
        keys = source.identities(source.name, pl.DataFrame({"n0": handles}))
    both = np.flatnonzero(was & now)
    if len(both):
        differs = np.zeros(len(both), np.bool_)
        for sides in made.moving.values():
            differs[different(*(some_of(side, both) for side in sides))] = True
        both = both[differs]
    gone, new = np.flatnonzero(was & ~now), np.flatnonzero(now & ~was)
    if not len(both) and not len(gone) and not len(new):
        return None

    def block(places: Ints, before: list[Later] | None, after: list[Later] | None) -> Block:
        return Block(ids_at(keys, places), changes.handles[places], before, after)

    before, after = made.at(both, 0, 1)
    return Part(
        block(both, before, after),
        block(gone, made.at(gone, 0)[0], None),
        block(new, None, made.at(new, 1)[0]),
        source.view.graph.nodes.released,
    )
