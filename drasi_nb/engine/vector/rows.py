"""Rows made of whole columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from drasi_nb.engine.entered import EXACT, Entered, Nodes, Values
from drasi_nb.engine.keys import Keys
from drasi_nb.engine.result import ResultStage
from drasi_nb.engine.vector.source import (
    Source,
    WholeGraph,
    is_plain,
    raw_values,
)
from drasi_nb.language import ast

Make = Callable[[pl.DataFrame], Values]


class RowsOut:
    """Hands rows with their keys to an inbox.

    Args:
        source: The columns.
        inbox: Takes the rows.
        columns: What each column is, over the slots.
    """

    def __init__(self, source: Source, inbox: ResultStage, columns: list[ast.Expr]) -> None:
        self.source, self.inbox, self.columns = source, inbox, columns
        self._makers: list[Make] = []

    def reads(self) -> list[ast.Expr]:
        """Return the expressions that need columns; plain properties are read by handle."""
        return [e for e in self.columns if not self.source.is_slot(e) and not is_plain(e)]

    def open(self) -> None:
        """Translate."""
        self._makers = [self._maker(e) for e in self.columns]

    def close(self) -> Iterator[None]:
        """Do nothing: rows are handed on as they come."""
        return iter(())

    def _maker(self, e: ast.Expr) -> Make:
        source = self.source
        if isinstance(e, ast.Variable):
            return lambda frame: raw_values(source, e, frame)
        if isinstance(e, ast.Property) and is_plain(e):
            assert isinstance(e.base, ast.Variable)
            slot = source.handles(e.base.name)
            numbers = (
                source.numbers(e.base.name, e.key) if isinstance(source, WholeGraph) else None
            )
            if numbers is None:
                return lambda frame: raw_values(source, e, frame)
            return lambda frame: numbers.gather(frame[slot])
        expr = source.translator.value(e).expr.alias("v")

        def values(frame: pl.DataFrame) -> Values:
            made = frame.select(expr)["v"]
            if len(made) < frame.height:  # a constant
                return made.to_list() * frame.height
            return made if made.dtype in EXACT else made.to_list()

        return values

    def take(self, frame: pl.DataFrame) -> None:
        """Hand over the rows of matches that came."""
        source = self.source
        keys = [source.identities(name, frame) for name in source.match.names]
        columns = [maker(frame) for maker in self._makers]
        nodes = None
        if frame.columns[0] == "n0" and len(source.match.names) == 1:
            nodes = Nodes(frame["n0"], source.view.graph.nodes.released)
        self.inbox.load(Entered(Keys(keys, frame.height), columns, frame.height, nodes))
