"""The elements that a pattern matches, and their properties as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from drasi_nb.engine.codegen.slots import View
from drasi_nb.engine.vector.columns import Reader, UnsupportedError
from drasi_nb.engine.vector.expressions import Translator, Typed
from drasi_nb.engine.vector.walk import Pattern, labelled
from drasi_nb.language import ast
from drasi_nb.plan.nodes import Filter, Match, Project, rewrite, walk
from drasi_nb.store.paging import LOW, PAGE, SHIFT
from drasi_nb.values.graph import STAMP


class Source:
    """Where the columns of one stage come from.

    Args:
        match: The pattern.
        view: What is seen.
        reader: Reads columns of the graph.
    """

    def __init__(self, match: Match, view: View, reader: Reader) -> None:
        self.match, self.view, self.reader = match, view, reader
        self.pattern = Pattern(match, view)
        self.translator = Translator(self._typed, self._labelled)
        self.used: dict[str, tuple[str, pl.Series]] = {}  # alias -> (handles, values)
        self._known: dict[tuple[str, str], Typed] = {}
        self._at = {slot.name: f"n{i}" for i, slot in enumerate(match.nodes)}
        self._at |= {slot.name: f"r{i}" for i, slot in enumerate(match.relations)}

    def handles(self, slot: str) -> str:
        """Return the name of the column of a slot."""
        return self._at[slot]

    def size_of(self, slot: str) -> int:
        """Return how many elements may be in a slot."""
        of = self._of(slot)
        return (sum(of) if isinstance(of, list) else of.page_count) * PAGE

    def is_slot(self, e: ast.Expr) -> bool:
        """Return whether an expression is an element of the pattern."""
        return isinstance(e, ast.Variable) and e.name in self._at

    def read(self, e: ast.Expr) -> Iterator[None]:
        """Read, in steps, the properties that an expression needs as columns."""
        for part in walk(e):
            match part:
                case ast.Property(base=ast.Variable(name=name), key=key) if name in self._at:
                    of = self._of(name)
                    if isinstance(of, list):
                        yield from self.reader.node(of, key)
                    else:
                        yield from self.reader.relation(of, key)
                case _:
                    pass

    def _of(self, slot: str) -> Any:
        """Return the mask of a node slot or the table of a relation slot."""
        place = self._at[slot]
        many: Any = self.pattern.masks if place[0] == "n" else self.pattern.tables
        return many[int(place[1:])]

    def _typed(self, slot: str, key: str) -> Typed:
        if slot not in self._at:
            raise UnsupportedError("a property of a column")
        known = self._known.get((slot, key))
        if known is None:
            column = self.reader.column(self._of(slot), key)
            alias = f"{self._at[slot]}.{len(self.used)}"
            self.used[alias] = (self._at[slot], column.values)
            known = Typed(pl.col(alias), column.kind, column.low, column.high)
            self._known[slot, key] = known
        return known

    def _labelled(self, slot: str, labels: ast.LabelExpr) -> pl.Expr:
        place = self._at.get(slot, "r")
        if place[0] != "n":
            raise UnsupportedError("the type of a relation")
        return labelled(self.view.graph.nodes.mask(labels, self.view.sources), place)

    def parts(self, conditions: list[pl.Expr]) -> Iterator[pl.DataFrame | None]:
        """Yield the matches that hold, with the columns in use; None where work may be left off."""
        for part in self.pattern.parts():
            if part is None:
                yield None
                continue
            frame = part.with_columns(
                values.gather(part[handles]).alias(alias)
                for alias, (handles, values) in self.used.items()
            )
            yield frame.filter(*conditions) if conditions else frame

    # -- values by handle ---------------------------------------------------------------

    def property_values(self, slot: str, key: str, handles: list[int]) -> list[Any]:
        """Return a property as the store has it."""
        of = self._of(slot)
        pages: Any = (
            self.view.graph.nodes.column(key) if isinstance(of, list) else of.column(key)
        )
        return [pages[h >> SHIFT][h & LOW] for h in handles]

    def elements(self, slot: str, handles: list[int]) -> list[Any]:
        """Return whole elements."""
        of, graph = self._of(slot), self.view.graph
        if isinstance(of, list):
            return list(map(graph.node, handles))
        return [graph.relation(of, row) for row in handles]

    def identities(self, slot: str, handles: list[int]) -> list[Any]:
        """Return the ids of elements, with their sources where there are several."""
        of, graph = self._of(slot), self.view.graph
        ids = graph.nodes.ids if isinstance(of, list) else of.ids
        named = list(map(ids.__getitem__, handles))
        if len(self.view.sources) == 1:
            return named
        if not isinstance(of, list):
            handles = [of.src[row] for row in handles]
        groups, names = graph.nodes.page_group, graph.source_ids
        return [
            (names[groups[h >> SHIFT].source], i) for h, i in zip(handles, named, strict=True)
        ]


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
