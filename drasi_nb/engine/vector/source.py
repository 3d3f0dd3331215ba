"""The elements that a pattern matches, and their properties as columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import polars as pl

from drasi_nb.engine.codegen.slots import Kind, View
from drasi_nb.engine.vector.columns import Column, Reader, UnsupportedError, column_of
from drasi_nb.engine.vector.expressions import Translator, Typed
from drasi_nb.engine.vector.walk import Pattern, labelled
from drasi_nb.language import ast
from drasi_nb.plan.nodes import Filter, Match, Project, rewrite, walk
from drasi_nb.store.paging import LOW, PAGE, SHIFT, Page
from drasi_nb.values.graph import STAMP

_FEW = 4  # so many matches to one element of a grouping value, or the values are taken


class Source(ABC):
    """The slots of one pattern: where their handles are, and what their properties are.

    Args:
        match: The pattern.
        view: What is seen.
    """

    def __init__(self, match: Match, view: View) -> None:
        self.match, self.view = match, view
        self.pattern = Pattern(match, view)
        self.translator = Translator(self._typed, self._labelled)
        self._known: dict[tuple[str, str], Typed] = {}
        self._at = {slot.name: f"n{i}" for i, slot in enumerate(match.nodes)}
        self._at |= {slot.name: f"r{i}" for i, slot in enumerate(match.relations)}

    def handles(self, slot: str) -> str:
        """Return the name of the column of a slot."""
        return self._at[slot]

    def is_slot(self, e: ast.Expr) -> bool:
        """Return whether an expression is an element of the pattern."""
        return isinstance(e, ast.Variable) and e.name in self._at

    @abstractmethod
    def may_be_many(self, slots: list[str]) -> bool:
        """Return whether there may be as many combinations of elements in slots as matches."""
        ...

    def of(self, slot: str) -> Any:
        """Return the mask of a node slot or the table of a relation slot."""
        place = self._at[slot]
        many: Any = self.pattern.masks if place[0] == "n" else self.pattern.tables
        return many[int(place[1:])]

    @abstractmethod
    def add(self, alias: str, slot: str, key: str) -> Column:
        """Have a property of a slot under an alias in every frame."""
        ...

    def _typed(self, slot: str, key: str) -> Typed:
        if slot not in self._at:
            raise UnsupportedError("a property of a column")
        known = self._known.get((slot, key))
        if known is None:
            alias = f"{self._at[slot]}.{len(self._known)}"
            column = self.add(alias, slot, key)
            known = Typed(pl.col(alias), column.kind, column.low, column.high)
            self._known[slot, key] = known
        return known

    def _labelled(self, slot: str, labels: ast.LabelExpr) -> pl.Expr:
        place = self._at.get(slot, "r")
        if place[0] != "n":
            raise UnsupportedError("the type of a relation")
        return labelled(self.view.graph.nodes.mask(labels, self.view.sources), place)

    # -- values by handle ---------------------------------------------------------------

    def property_values(self, slot: str, key: str, frame: pl.DataFrame) -> list[Any]:
        """Return a property as the store has it."""
        of = self.of(slot)
        pages = self.view.graph.nodes.column(key) if isinstance(of, list) else of.column(key)
        return _cells(pages, frame[self._at[slot]])

    def elements(self, slot: str, frame: pl.DataFrame) -> list[Any]:
        """Return whole elements."""
        of, graph, handles = self.of(slot), self.view.graph, frame[self._at[slot]].to_list()
        if isinstance(of, list):
            return list(map(graph.node, handles))
        return [graph.relation(of, row) for row in handles]

    def identities(self, slot: str, frame: pl.DataFrame) -> list[Any]:
        """Return the ids of elements, with their sources where there are several."""
        of, graph, handles = self.of(slot), self.view.graph, frame[self._at[slot]]
        named = _cells(graph.nodes.ids if isinstance(of, list) else of.ids, handles)
        if len(self.view.sources) == 1:
            return named
        if not isinstance(of, list):
            handles = pl.Series([of.src[row] for row in handles], dtype=pl.Int32)
        groups, names = graph.nodes.page_group, graph.source_ids
        return [
            (names[groups[h >> SHIFT].source], i) for h, i in zip(handles, named, strict=True)
        ]


def _cells(pages: list[Page], rows: pl.Series) -> list[Any]:
    """Return the values of some rows of a column."""
    if not len(rows):
        return []
    low, high = int(rows.min()) >> SHIFT, int(rows.max()) >> SHIFT  # type: ignore[arg-type]
    if (high - low + 1) * PAGE > _FEW * len(rows):
        return [pages[row >> SHIFT][row & LOW] for row in rows.to_list()]
    near = list(
        chain.from_iterable(pages[low : high + 1])
    )  # half the time where they lie close
    return list(map(near.__getitem__, (rows - low * PAGE).to_list()))


class WholeGraph(Source):
    """All matches of a pattern.

    Args:
        match: The pattern.
        view: What is seen.
        reader: Reads columns of the graph.
    """

    def __init__(self, match: Match, view: View, reader: Reader) -> None:
        super().__init__(match, view)
        self.reader = reader
        self._used: dict[str, tuple[str, pl.Series]] = {}  # alias -> (handles, values)

    def may_be_many(self, slots: list[str]) -> bool:
        """Return whether there may be as many combinations of elements in slots as matches."""
        return any(self._size_of(slot) * _FEW > self.pattern.size() for slot in slots)

    def _size_of(self, slot: str) -> int:
        of = self.of(slot)
        return (sum(of) if isinstance(of, list) else of.page_count) * PAGE

    def read(self, e: ast.Expr) -> Iterator[None]:
        """Read, in steps, the properties that an expression needs as columns."""
        for part in walk(e):
            match part:
                case ast.Property(base=ast.Variable(name=name), key=key) if name in self._at:
                    of = self.of(name)
                    if isinstance(of, list):
                        yield from self.reader.node(of, key)
                    else:
                        yield from self.reader.relation(of, key)
                case _:
                    pass

    def add(self, alias: str, slot: str, key: str) -> Column:
        """Have a property of a slot, which was read, under an alias in every frame."""
        column = self.reader.column(self.of(slot), key)
        self._used[alias] = (self._at[slot], column.values)
        return column

    def forget(self) -> None:
        """Let the columns go: it is in a cycle, which may wait long for the collector."""
        self._used.clear()
        del self.reader

    def numbers(self, slot: str, key: str) -> pl.Series | None:
        """Return a property by handle, where it is numbers of one type that are there or read fast."""
        of = self.of(slot)
        if isinstance(of, list):
            return self.reader.numbers(of, key, self.view.graph.nodes.column(key), of)
        return self.reader.numbers(of, key, of.column(key), None)

    def parts(self, conditions: list[pl.Expr]) -> Iterator[pl.DataFrame | None]:
        """Yield the matches that hold, with the columns in use; None where work may be left off."""
        for part in self.pattern.parts():
            if part is None:
                yield None
                continue
            frame = part.with_columns(
                values.gather(part[handles]).alias(alias)
                for alias, (handles, values) in self._used.items()
            )
            yield frame.filter(*conditions) if conditions else frame


class NewElements(Source):
    """The matches that hold one of some new elements in a slot.

    Args:
        match: The pattern.
        view: What is seen.
        kind: "node", of nodes without relations, or "relation".
        slot: Where the elements are, and no other slot may hold them.
        rows: Their handles or rows.
    """

    def __init__(
        self, match: Match, view: View, kind: Kind, slot: int, rows: range | list[int]
    ) -> None:
        super().__init__(match, view)
        self._anchor = (match.nodes if kind == "node" else match.relations)[slot].name
        if kind == "relation":
            self.frame = self.pattern.through(slot, rows)
        else:
            handles = [] if match.relations else rows
            self.frame = pl.DataFrame({f"n{slot}": pl.Series(handles, dtype=pl.Int32)})
        self._values: dict[str, pl.Series] = {}

    def may_be_many(self, slots: list[str]) -> bool:
        """Return whether a grouping value may be of the new elements."""
        return self._anchor in slots

    def add(self, alias: str, slot: str, key: str) -> Column:
        """Have a property of a slot under an alias in the frame."""
        column = column_of(self.property_values(slot, key, self.frame))
        self._values[alias] = column.values
        return column

    def matches(self, conditions: list[pl.Expr]) -> pl.DataFrame:
        """Return the matches that hold, with the columns in use."""
        frame = self.frame.hstack([v.alias(name) for name, v in self._values.items()])
        return frame.filter(*conditions) if conditions else frame


def inlined(
    match: Match, tail: tuple[Filter | Project, ...]
) -> tuple[list[ast.Expr], Callable[[ast.Expr], ast.Expr]]:
    """Return the conditions over the slots, and what puts a later expression over the slots."""
    conditions = list(match.filters)
    names: dict[str, ast.Expr] = {}
    is_projected = False

    def put(e: ast.Expr) -> ast.Expr:
        def change(part: ast.Expr) -> ast.Expr | None:
            match part:
                case ast.ListComprehension() | ast.Quantifier() | ast.Reduce():
                    raise UnsupportedError("variables of its own")
                case ast.Variable(name=name) if is_projected:
                    return names[name]
                case _:
                    return None

        made: ast.Expr = rewrite(e, change)
        return made

    for operator in tail:
        if isinstance(operator, Filter):
            conditions += map(put, operator.conditions)
        else:
            names = {name: put(e) for name, e in operator.items}
            is_projected = True
    return conditions, put


def is_plain(e: ast.Expr) -> bool:
    """Return whether an expression is a property of an element, as users know them."""
    return isinstance(e, ast.Property) and isinstance(e.base, ast.Variable) and e.key != STAMP


def row_keys(source: Source, frame: pl.DataFrame) -> list[Any]:
    """Return the key of the row of each match."""
    names = source.match.names
    return list(zip(*(source.identities(name, frame) for name in names), strict=True))


def raw_values(source: Source, e: ast.Expr, frame: pl.DataFrame) -> list[Any]:
    """Return what an expression is in each match, as Python has it."""
    if isinstance(e, ast.Variable):
        return source.elements(e.name, frame)
    if isinstance(e, ast.Property) and is_plain(e):
        assert isinstance(e.base, ast.Variable)
        return source.property_values(e.base.name, e.key, frame)
    values = frame.select(source.translator.value(e).expr.alias("v"))["v"].to_list()
    return values if len(values) == frame.height else values * frame.height
