"""Rows of a result that changed all at once, kept as columns until somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, overload

import numpy as np

from drasi_nb.engine.entered import RowChange
from drasi_nb.store.cells import Cell, Later, listed, some_of
from drasi_nb.store.numbers import Ints


class Sides(NamedTuple):
    """A column before and after."""

    before: Cell
    after: Cell


class Moved(Sequence[RowChange]):
    """Rows that were there and changed, one for each of some nodes, and others that came or went.

    Args:
        keys: The one part of each row's key.
        handles: The nodes, which tell the rows apart too.
        released: How many handles had been given back by then (``NodeTable.released``).
        moving: Columns in which rows changed, by number.
        still: What makes the other columns, by number.
        others: The rows that came or went.
    """

    def __init__(
        self,
        keys: list[Any],
        handles: Ints,
        released: int,
        moving: dict[int, Sides],
        still: dict[int, Later],
        others: list[RowChange],
    ) -> None:
        self.keys, self.handles, self.released = keys, handles, released
        self.moving, self._still, self.others = moving, still, others

    def __len__(self) -> int:
        return len(self.keys) + len(self.others)

    def rows(self, places: Ints | None = None) -> Iterator[RowChange]:
        """Return rows that changed, all or those at some places."""

        def taken(values: Cell) -> list[Any]:
            return listed(some_of(values, places))

        keys = taken(self.keys)
        still = {c: listed(then(places)) for c, then in self._still.items()}
        sides = list[Iterator[tuple[Any, ...]]]()
        for side in (0, 1):
            columns = still | {c: taken(both[side]) for c, both in self.moving.items()}
            sides.append(zip(*(columns[c] for c in range(len(columns))), strict=True))
        return zip(zip(keys, strict=True), *sides, strict=True)

    def __iter__(self) -> Iterator[RowChange]:
        yield from self.rows()
        yield from self.others

    @overload
    def __getitem__(self, place: int) -> RowChange: ...
    @overload
    def __getitem__(self, place: slice) -> list[RowChange]: ...
    def __getitem__(self, place: int | slice) -> RowChange | list[RowChange]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        place %= len(self)
        if place >= len(self.keys):
            return self.others[place - len(self.keys)]
        (row,) = self.rows(np.array([place]))
        return row
