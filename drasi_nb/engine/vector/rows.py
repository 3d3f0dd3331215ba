"""Rows made of whole columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from drasi_nb.engine.result import ResultStage, Row
from drasi_nb.engine.vector.columns import UnsupportedError
from drasi_nb.engine.vector.source import ChangedNodes, Source, is_plain
from drasi_nb.language import ast

Make = Callable[[pl.DataFrame], list[Any]]


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

    def _maker(self, e: ast.Expr) -> Make:
        source = self.source
        if isinstance(e, ast.Variable):
            slot = e.name
            return lambda frame: source.elements(slot, frame)
        if isinstance(e, ast.Property) and is_plain(e):
            assert isinstance(e.base, ast.Variable)
            slot, key = e.base.name, e.key
            return lambda frame: source.property_values(slot, key, frame)
        expr = source.translator.value(e).expr
        return lambda frame: frame.select(expr.alias("v"))["v"].to_list()

    def _keys(self, frame: pl.DataFrame) -> list[Any]:
        names = self.source.match.names
        return list(zip(*(self.source.identities(name, frame) for name in names), strict=True))

    def take(self, frame: pl.DataFrame) -> None:
        """Hand over the rows of matches that came."""
        columns = [_long(maker(frame), frame.height) for maker in self._makers]
        self.inbox.load(self._keys(frame), _rows(columns, frame.height))

    def change(
        self,
        source: ChangedNodes,
        before: pl.DataFrame,
        after: pl.DataFrame,
        tests: list[pl.Expr],
    ) -> None:
        """Hand over the rows of matches that changed; a side counts where the tests hold."""
        sides = list[list[Row | None]]()
        for frame, is_old in ((before, True), (after, False)):
            columns = [
                _long(self._changed(source, e, maker, frame, is_old=is_old), frame.height)
                for e, maker in zip(self.columns, self._makers, strict=True)
            ]
            rows: list[Any] = _rows(columns, frame.height)
            if tests:
                holds = frame.select(pl.all_horizontal(*tests).fill_null(False).alias("v"))["v"]
                if not holds.all():
                    kept = _long(holds.to_list(), frame.height)
                    rows = [
                        row if is_kept else None
                        for row, is_kept in zip(rows, kept, strict=True)
                    ]
            sides.append(rows)
        self.inbox.change(self._keys(after), *sides)

    @staticmethod
    def _changed(
        source: ChangedNodes, e: ast.Expr, maker: Make, frame: pl.DataFrame, *, is_old: bool
    ) -> list[Any]:
        if is_old and is_plain(e):
            assert isinstance(e, ast.Property) and isinstance(e.base, ast.Variable)
            before = source.old_values(e.base.name, e.key)
            if before is not None:
                return before
        elif is_old and isinstance(e, ast.Variable) and source.is_changed(e.name):
            raise UnsupportedError("a whole element that changed")
        return maker(frame)


def _long(values: list[Any], height: int) -> list[Any]:
    """Return a column; a constant is as long as the others."""
    return values if len(values) == height else values * height


def _rows(columns: list[list[Any]], height: int) -> list[Row]:
    return list(zip(*columns, strict=True)) if columns else [()] * height
