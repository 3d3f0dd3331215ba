"""Rows of a result that are columns, in which many are written at once."""

from __future__ import annotations

from operator import eq
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from drasi_nb.engine.entered import Entered
from drasi_nb.engine.moved import Block
from drasi_nb.store.cells import Cell, some_of
from drasi_nb.store.numbers import Ints

_NOWHERE = -1


class Base:
    """The rows that entered as columns, each in its place.

    Where each row is made of one node, it is found by the node's handle.

    Args:
        entered: The rows, and what finds them by their keys. It stays as it is.
        height: So many of them, the first, are here.

    Attributes:
        rows: As they are now, but for those that left.
        stale: Columns that were written since ``seen()``.
    """

    def __init__(self, entered: Entered, height: int) -> None:
        self.rows = entered.own()
        self.stale: set[int] = set()
        self._written: list[Ints] = []  # where
        self._height = height
        self._left = bytearray(height)  # 1 of rows that are elsewhere now, or gone
        self._own: set[int] = set()  # columns that nobody else has
        self._place_of: npt.NDArray[np.int32] | None = None  # by handle

    def leave(self, places: range) -> None:
        """Note that rows, if they are here, are kept elsewhere from now on, or gone."""
        for place in places[: max(0, self._height - places.start)]:
            self._left[place] = 1

    def leave_all(self, places: Ints) -> None:
        """Do what ``leave()`` does for rows that are here."""
        np.frombuffer(self._left, np.bool_)[places] = True

    def take(self, key: Any) -> int:
        """Return the place of a row that is here and is kept elsewhere from now on, or gone.

        Raises:
            KeyError: It is not here.
        """
        place = self.rows.keys.find(key)
        if place < self._height:
            self._left[place] = 1
        return place

    def find(self, block: Block, released: int) -> Ints:
        """Return the places of rows, -1 of those that are not here.

        Args:
            block: The rows.
            released: See ``Moved``.
        """
        found = np.full(len(block.handles), _NOWHERE, np.int64)
        nodes = self.rows.nodes
        if nodes is None or not self._height:
            return found
        if self._place_of is None:
            handles = nodes.handles[: self._height].to_numpy()
            self._place_of = np.full(int(handles.max()) + 1, _NOWHERE, np.int32)
            self._place_of[handles] = np.arange(len(handles), dtype=np.int32)
        known = np.flatnonzero(block.handles < len(self._place_of))
        found[known] = self._place_of[block.handles[known]]
        some = np.flatnonzero(found != _NOWHERE)
        left = np.frombuffer(self._left, np.bool_)[found[some]]
        found[some[left]] = _NOWHERE
        if released != nodes.released:  # a handle may be another node's by now
            some = some[~left]
            (keys,), names = self.rows.keys.parts, some_of(block.keys, some)
            there = map(keys.__getitem__, found[some].tolist())
            same = np.fromiter(map(eq, there, names), np.bool_, len(some))
            found[some[~same]] = _NOWHERE
        return found

    def write(self, places: Ints, columns: dict[int, Cell]) -> None:
        """Write columns, by number, at some places."""
        for c, values in columns.items():
            mine = self._writable(c, values)
            if isinstance(mine, list):
                given = values if isinstance(values, list) else values.tolist()
                for place, value in zip(places.tolist(), given, strict=True):
                    mine[place] = value
            else:
                mine[places] = values
            self.stale.add(c)
        self._written.append(places)

    def seen(self) -> tuple[list[int], list[Ints]]:
        """Return the columns that were written since the last time, and where; forget it."""
        found = sorted(self.stale), self._written
        self.stale, self._written = set(), []
        return found

    def _writable(self, c: int, values: Cell) -> list[Any] | npt.NDArray[Any]:
        """Return a column that is ours and can hold some values."""
        column = self.rows.columns[c]
        if isinstance(column, pl.Series):
            exact = column.dtype in (pl.Float64, pl.Int64) and not column.null_count()
            column = column.to_numpy() if exact else column.to_list()
            if isinstance(column, list):
                self._own.add(c)
        if not isinstance(column, list) and (
            isinstance(values, list) or values.dtype != column.dtype
        ):
            column = column.tolist()
            self._own.add(c)
        if c not in self._own:
            column = column.copy()
            self._own.add(c)
        self.rows.columns[c] = column
        return column
